import type { StoryLine } from '#libs/contracts';
import type { Sql } from '#libs/db';
import { formatAmount } from '#libs/money';
import type { TellStory } from '#libs/service';
import type { Entry, Posting } from './ledger/booking.ts';
import type { Hold } from './ledger/ledger.ts';

type PostingRow = Pick<
  Posting,
  'id' | 'kind' | 'settlement' | 'sourceId' | 'walletId' | 'walletVersion' | 'currency' | 'createdAt'
>;
type EntryRow = Pick<Entry, 'walletId' | 'walletVersion' | 'account' | 'amountMinor' | 'traceId'>;
type HoldRow = Pick<Hold, 'refusal' | 'settlement' | 'amountMinor' | 'currency'> & {
  decidedAt: Date;
  settledAt: Date | null;
};

/** What the ledger knows of a transaction: the hold, each posting with its entries, and what waits for a posting. */
export const tellStory =
  (sql: Sql): TellStory =>
  async (id, limit) => {
    const holds = await sql.rows<HoldRow>(
      `SELECT refusal, settlement, amount_minor AS "amountMinor", currency, decided_at AS "decidedAt", settled_at AS "settledAt"
       FROM holds WHERE transaction_id = $1`,
      [id],
    );
    const postings = await sql.rows<PostingRow>(
      `SELECT id, kind, settlement, source_id AS "sourceId", wallet_id AS "walletId", wallet_version AS "walletVersion", currency,
         created_at AS "createdAt"
       FROM postings WHERE transaction_id = $1 ORDER BY created_at, wallet_version LIMIT $2`,
      [id, limit],
    );
    // By the entries' own key: the posting id has no index, which every entry would have to pay for.
    const entries = await sql.rows<EntryRow>(
      `SELECT wallet_id AS "walletId", wallet_version AS "walletVersion", account, amount_minor AS "amountMinor", trace_id AS "traceId"
       FROM entries JOIN unnest($1::uuid[], $2::bigint[]) AS posted (id, version)
         ON wallet_id = posted.id AND wallet_version = posted.version
       ORDER BY wallet_version, line`,
      [postings.map(({ walletId }) => walletId), postings.map(({ walletVersion }) => walletVersion)],
    );
    const of = ({ walletId, walletVersion }: PostingRow) =>
      entries.filter((entry) => entry.walletId === walletId && entry.walletVersion === walletVersion);
    return [...holds.flatMap(holdLines), ...postings.map((posting) => postingLine(posting, of(posting)))];
  };

function holdLines({ refusal, settlement, amountMinor, currency, decidedAt, settledAt }: HoldRow): StoryLine[] {
  const amount = `${formatAmount(amountMinor, currency)} ${currency}`;
  const line = (at: Date, text: string): StoryLine => ({
    ...{ at: at.toISOString(), kind: 'hold', text },
    ...{ ids: {}, trace_id: null },
  });
  return [
    line(decidedAt, refusal === null ? `${amount} are held.` : `The hold of ${amount} was refused: ${refusal}.`),
    ...(settledAt === null
      ? []
      : [line(settledAt, settlement === 'post' ? 'The hold ended: paid out.' : 'The hold ended: given back.')]),
  ];
}

/** The entries sum to zero, which a reader can see. */
const postingLine = (posting: PostingRow, entries: readonly EntryRow[]): StoryLine => ({
  at: posting.createdAt.toISOString(),
  kind: 'posting',
  text: `${posting.settlement ?? posting.kind}: ${entries.map((entry) => said(entry, posting)).join(', ')} ${posting.currency}`,
  ids: { posting_id: posting.id, source_id: posting.sourceId, wallet_id: posting.walletId },
  trace_id: entries[0]?.traceId ?? null,
});

const said = ({ account, amountMinor }: EntryRow, { currency }: PostingRow): string =>
  `${account} ${amountMinor > 0n ? '+' : ''}${formatAmount(amountMinor, currency)}`;
