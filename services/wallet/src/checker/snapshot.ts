import type { Sql } from '#libs/db';
import type { Entry, Posting } from '../ledger/booking.ts';
import type { Wallet } from '../ledger/ledger.ts';
import type { PostedEntry, Verified } from './verify-chain.ts';

/** Wallets of one statement: a few milliseconds each time, far from every timeout, whatever the size of the ledger. */
const walletsPageMax = 200;
/** Postings per wallet of one statement, four entries at most each: 16 000 rows, some 10 MB at the worst. */
const postingsPageMax = 20;

/** A wallet as its row says, beside the sums of all its entries. */
export type WalletSums = Pick<Wallet, 'id' | 'userId' | 'currency'> &
  Verified & { availableSum: bigint; heldSum: bigint; receivableSum: bigint; totalSum: bigint };

const SUMS = `
  SELECT wallet.*, sums.*
  FROM (
    SELECT id, user_id AS "userId", currency, available_minor AS "availableMinor", held_minor AS "heldMinor",
      receivable_minor AS "receivableMinor", version, encode(last_hash, 'hex') AS "lastHash"
    FROM wallets WHERE id > $1 ORDER BY id LIMIT $2
  ) wallet, LATERAL (
    SELECT coalesce(sum(amount_minor) FILTER (WHERE account = 'available'), 0)::bigint AS "availableSum",
      coalesce(sum(amount_minor) FILTER (WHERE account = 'held'), 0)::bigint AS "heldSum",
      coalesce(sum(amount_minor) FILTER (WHERE account = 'receivable'), 0)::bigint AS "receivableSum",
      coalesce(sum(amount_minor), 0)::bigint AS "totalSum"
    FROM entries WHERE wallet_id = wallet.id
  ) sums
  ORDER BY wallet.id`;

const ENTRIES = `
  SELECT entry.wallet_id AS "walletId", entry.wallet_version AS "walletVersion", entry.line, entry.posting_id AS "postingId",
    entry.account, entry.currency, entry.amount_minor AS "amountMinor", entry.balance_minor AS "balanceMinor",
    encode(entry.previous_hash, 'hex') AS "previousHash", encode(entry.hash, 'hex') AS hash, entry.trace_id AS "traceId",
    entry.created_at AS "createdAt", posting.kind, posting.source_id AS "sourceId", posting.transaction_id AS "transactionId"
  FROM unnest($1::uuid[], $2::bigint[]) AS wanted (wallet_id, after)
    JOIN entries entry ON entry.wallet_id = wanted.wallet_id AND entry.wallet_version > wanted.after
      AND entry.wallet_version <= wanted.after + $3
    LEFT JOIN postings posting ON posting.id = entry.posting_id
  ORDER BY entry.wallet_id, entry.wallet_version, entry.line`;

const HOLDS_OPEN = `SELECT count(*) AS "holdsOpen" FROM holds WHERE refusal IS NULL AND settlement IS NULL`;

/** Reads of the ledger as it was at one moment; `sql` is a REPEATABLE READ transaction, which sees no commit but those before it. */
export type Snapshot = {
  walletsAfter(id: string): Promise<WalletSums[]>;
  /** Of each wallet, the entries of at most `postingsPageMax` versions after the given one. */
  entriesAfter(places: readonly { walletId: string; version: bigint }[]): Promise<PostedEntry[]>;
  countHoldsOpen(): Promise<number>;
};

type EntryRow = Entry & { [Key in 'kind' | 'sourceId' | 'transactionId']: Posting[Key] | null };

export const snapshot = (sql: Sql): Snapshot => ({
  walletsAfter: (id) => sql.rows<WalletSums>(SUMS, [id, walletsPageMax]),
  entriesAfter: async (places) => {
    const values = [places.map((each) => each.walletId), places.map((each) => each.version), postingsPageMax];
    return (await sql.rows<EntryRow>(ENTRIES, values)).map(postedEntry);
  },
  countHoldsOpen: async () => Number((await sql.rows<{ holdsOpen: bigint }>(HOLDS_OPEN))[0]?.holdsOpen ?? Number.NaN),
});

function postedEntry({ kind, sourceId, transactionId, ...entry }: EntryRow): PostedEntry {
  if (kind === null || sourceId === null || transactionId === null) return { ...entry, posting: null };
  return { ...entry, posting: { kind, sourceId, transactionId } };
}
