import type { Sql } from '#libs/db';
import type { Posting } from '../ledger/booking.ts';
import type { Owner } from '../ledger/ledger.ts';

/** A posting as other services compare it: whose, how much, and what its entries really moved. */
export type FedPosting = Owner &
  Pick<Posting, 'id' | 'kind' | 'sourceId' | 'settlement' | 'transactionId' | 'amountMinor' | 'createdAt'> & {
    /** What the system's accounts gained, by the posting's own entries: the money that crossed the wallet's border, signed. */
    systemMinor: bigint;
  };

/** Up to which posting somebody has read: the transaction that wrote it, and its id. */
export type FeedCursor = { writtenBy: bigint; id: string };

export const feedStart: FeedCursor = { writtenBy: -1n, id: '00000000-0000-0000-0000-000000000000' };

const FED = `posting.id, posting.kind, posting.source_id AS "sourceId", posting.settlement,
  posting.transaction_id AS "transactionId", posting.currency, posting.amount_minor AS "amountMinor",
  posting.created_at AS "createdAt", wallet.user_id AS "userId",
  (SELECT coalesce(sum(entry.amount_minor), 0)::bigint FROM entries entry
   WHERE entry.wallet_id = posting.wallet_id AND entry.wallet_version = posting.wallet_version
     AND entry.account IN ('revio:clearing', 'adjustments')) AS "systemMinor"`;

/**
 * The horizon: transactions below `xmin` of a snapshot have all ended, so nothing will ever appear below it any more; what has committed
 * above it waits until those before it have ended too. So a posting that commits late is late, and never skipped (ADR 14).
 */
const PAGE = `
  WITH horizon AS (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xmin)
  SELECT ${FED}, posting.written_by AS "writtenBy"
  FROM horizon, postings posting JOIN wallets wallet ON wallet.id = posting.wallet_id
  WHERE (posting.written_by, posting.id) > ($1, $2) AND posting.written_by < horizon.xmin
  ORDER BY posting.written_by, posting.id LIMIT $3`;

/**
 * What the horizon still hides: a few milliseconds' worth, unless some transaction of this server has been open for long. In a database
 * restored from a dump, transactions count from the beginning again, and what they write would hide behind what is there.
 *
 * Both from an end of the index `postings_feed`: what lies beyond a value that is known only when the statement runs, the planner takes
 * for a third of the table, and without the LIMIT it reads all of it at every page. Of what is hidden the first are the oldest.
 */
const BEYOND = `
  WITH horizon AS MATERIALIZED (
    SELECT pg_snapshot_xmin(snapshot)::text::bigint AS xmin, pg_snapshot_xmax(snapshot)::text::bigint AS xmax
    FROM pg_current_snapshot() snapshot)
  SELECT
    (SELECT min(created_at) FROM (SELECT created_at FROM postings WHERE written_by >= (SELECT xmin FROM horizon)
      ORDER BY written_by, id LIMIT 1000) hidden) AS "heldBackSince",
    coalesce((SELECT max(written_by) FROM postings) >= (SELECT xmax FROM horizon), false) AS "isForeign"`;

const FIND = `
  SELECT ${FED} FROM unnest($1::text[], $2::text[]) AS wanted (kind, source_id)
    JOIN postings posting ON posting.kind = wanted.kind AND posting.source_id = wanted.source_id
    JOIN wallets wallet ON wallet.id = posting.wallet_id`;

/**
 * The next postings after the cursor, in the order of the transactions that wrote them, and the cursor after these; an empty page ends
 * with the cursor that it began with. `heldBackSince`: when the oldest posting was made that is there and cannot be shown yet. `sql` outside of a transaction, or READ COMMITTED: a page is one statement. Throws where the
 * database was restored from a dump and its postings still name transactions of another server.
 */
export async function pagePostings(
  sql: Sql,
  after: FeedCursor,
  limit: number,
): Promise<{ postings: FedPosting[]; next: FeedCursor; heldBackSince: Date | null }> {
  const [beyond] = await sql.rows<{ heldBackSince: Date | null; isForeign: boolean }>(BEYOND);
  if (beyond === undefined || beyond.isForeign)
    throw new Error('postings name transactions that this server has not had: see ADR 14, "restored from a dump"');
  const rows = await sql.rows<FedPosting & { writtenBy: bigint }>(PAGE, [after.writtenBy, after.id, limit]);
  const last = rows.at(-1);
  return {
    postings: rows.map(({ writtenBy: _, ...posting }) => posting),
    next: last === undefined ? after : { writtenBy: last.writtenBy, id: last.id },
    heldBackSince: beyond.heldBackSince,
  };
}

/** The postings of these sources, as they are now; what is not posted is not among them. */
export const findPostings = (sql: Sql, sources: readonly Pick<Posting, 'kind' | 'sourceId'>[]): Promise<FedPosting[]> =>
  sql.rows<FedPosting>(FIND, [sources.map(({ kind }) => kind), sources.map(({ sourceId }) => sourceId)]);
