import type { Sql } from '#libs/db';
import type { ReconcilerTx } from '../reconciler-store.ts';
import type { Side } from './compare.ts';
import type { MovementKind } from './movement.ts';

/** A transaction of the reconciler's, with its SQL beside its port: differences are this room's alone. */
export type ConservationTx = Pick<ReconcilerTx, 'insertCase' | 'enqueue'> & { sql: Sql };

/** What both sides are asked about: the ledger's kind and source id. */
export type Source = { kind: MovementKind | 'adjustment'; sourceId: string };

/** A provider's (or two people's) side of a source, and the objects that make it. */
export type Claimed = Source & Side & { objectIds: string[]; notedAt: Date };

export type DifferenceRow = Source & {
  state: 'doubted' | 'explained' | 'broken';
  firstSeenAt: Date;
  toldAt: Date | null;
};

/** Revio's money leaves the system's accounts towards the user when it comes in, and enters them when it goes out. */
const GAINED = `CASE movement.kind WHEN 'credit' THEN -1 WHEN 'payout-return' THEN -1 ELSE 1 END * movement.amount_minor`;

/**
 * The ledger settles a withdrawal, whatever its payouts: all that moved count, so that a second one that moved is a difference. A payout
 * that nobody has claimed stands under its own id.
 */
const MOVED = `
  SELECT movement.kind,
    CASE movement.kind WHEN 'settlement' THEN coalesce(object.transaction_id, movement.object_id) ELSE movement.object_id END AS "sourceId",
    object.transaction_id AS "transactionId", subject.user_id AS "userId", min(movement.currency) AS currency,
    sum(${GAINED})::bigint AS "gainedMinor", array_agg(movement.object_id ORDER BY movement.object_id) AS "objectIds",
    min(movement.noted_at) AS "notedAt"
  FROM provider_movements movement
    LEFT JOIN objects object ON object.object_id = movement.place_id
    LEFT JOIN subjects subject ON subject.transaction_id = object.transaction_id
  WHERE movement.object_id = ANY ($1)
    OR (movement.kind = 'settlement' AND movement.object_id IN (SELECT object_id FROM objects WHERE transaction_id = ANY ($1)))
  GROUP BY 1, 2, 3, 4`;

const ADJUSTED = `
  SELECT 'adjustment' AS kind, id AS "sourceId", id AS "transactionId", content::jsonb ->> 'user_id' AS "userId",
    content::jsonb ->> 'currency' AS currency,
    CASE content::jsonb ->> 'direction' WHEN 'credit' THEN -1 ELSE 1 END * (content::jsonb ->> 'amount_minor')::bigint AS "gainedMinor",
    '{}'::text[] AS "objectIds", decided_at AS "notedAt"
  FROM proposals WHERE id = ANY ($1) AND kind = 'adjustment' AND state IN ('approved', 'executed')`;

/** Commit-safe as the wallet's feed of postings is (ADR 14). The cursor is `written_by.object_id.kind`. */
const PAGE = `
  WITH horizon AS (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xmin)
  SELECT movement.object_id AS "objectId", movement.kind, movement.noted_at AS "notedAt", object.transaction_id AS "transactionId",
    movement.written_by || '.' || movement.object_id || '.' || movement.kind AS cursor
  FROM horizon, provider_movements movement LEFT JOIN objects object ON object.object_id = movement.place_id
  WHERE (movement.written_by, movement.object_id, movement.kind) > ($1::bigint, $2, $3) AND movement.written_by < horizon.xmin
  ORDER BY movement.written_by, movement.object_id, movement.kind LIMIT $4`;

const HELD_BACK = `SELECT min(noted_at) AS since FROM provider_movements
  WHERE written_by >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint`;

/** When the oldest movement was noted that is there and cannot be paged yet, because an older transaction is still open. */
export const movementsHeldBackSince = async (sql: Sql): Promise<Date | null> =>
  (await sql.rows<{ since: Date | null }>(HELD_BACK))[0]?.since ?? null;

export type PagedMovement = {
  objectId: string;
  kind: MovementKind;
  transactionId: string | null;
  notedAt: Date;
  cursor: string;
};

export async function pageMovements(sql: Sql, after: string | null, limit: number): Promise<PagedMovement[]> {
  const [writtenBy, objectId, kind] = (after ?? '-1..').split('.');
  return sql.rows<PagedMovement>(PAGE, [writtenBy, objectId, kind, limit]);
}

/** What Revio's objects and people's decisions say of these sources; of others with the same id too. */
export async function claimedOf(sql: Sql, sources: readonly Source[]): Promise<Claimed[]> {
  const ids = [[...new Set(sources.map(({ sourceId }) => sourceId))]];
  return [...(await sql.rows<Claimed>(MOVED, ids)), ...(await sql.rows<Claimed>(ADJUSTED, ids))];
}

export async function readCursor(sql: Sql, feed: string): Promise<string | null> {
  const [row] = await sql.rows<{ cursor: string }>('SELECT cursor FROM feed_cursors WHERE feed = $1', [feed]);
  return row?.cursor ?? null;
}

export async function keepCursor(sql: Sql, feed: string, cursor: string): Promise<void> {
  await sql.run(
    `INSERT INTO feed_cursors (feed, cursor) VALUES ($1, $2) ON CONFLICT (feed) DO UPDATE SET cursor = excluded.cursor`,
    [feed, cursor],
  );
}

/** A first read: what is doubted already stays as it is. */
export async function doubt(
  sql: Sql,
  { kind, sourceId }: Source,
  found: unknown,
  now: Date,
  lookAt: Date,
): Promise<void> {
  await sql.run(
    `INSERT INTO differences (kind, source_id, state, found, first_seen_at, look_at) VALUES ($1, $2, 'doubted', $3, $4, $5)
     ON CONFLICT (kind, source_id) DO NOTHING`,
    [kind, sourceId, JSON.stringify(found), now, lookAt],
  );
}

export const dueDifferences = (sql: Sql, now: Date, limit: number): Promise<DifferenceRow[]> =>
  sql.rows<DifferenceRow>(
    `SELECT kind, source_id AS "sourceId", state, first_seen_at AS "firstSeenAt", told_at AS "toldAt"
     FROM differences WHERE look_at <= $1 ORDER BY look_at, kind, source_id LIMIT $2`,
    [now, limit],
  );

export async function forget(sql: Sql, { kind, sourceId }: Source): Promise<void> {
  await sql.run('DELETE FROM differences WHERE kind = $1 AND source_id = $2', [kind, sourceId]);
}

export async function judge(
  sql: Sql,
  { kind, sourceId }: Source,
  judged: Pick<DifferenceRow, 'state' | 'toldAt'> & { found: unknown; lookAt: Date },
): Promise<void> {
  await sql.run(
    `UPDATE differences SET state = $3, found = $4, look_at = $5, told_at = $6 WHERE kind = $1 AND source_id = $2`,
    [kind, sourceId, judged.state, JSON.stringify(judged.found), judged.lookAt, judged.toldAt],
  );
}

/**
 * Whether people know of it: an open case about the transaction or one of its objects, or one that two people have ended. The case that
 * this very difference opened explains it only then, so that nobody lifts the freeze of what is not mended. A report's case says only
 * that there is a difference, perhaps of a wrong statement.
 */
export async function isExplained(
  sql: Sql,
  about: string,
  transactionIds: readonly string[],
  objectIds: readonly string[],
): Promise<boolean> {
  const found = await sql.rows(
    `SELECT 1 FROM cases
     WHERE (transaction_id = ANY ($1) OR object_id = ANY ($2) OR (cause = $4 AND about = $3))
       AND cause NOT IN ('user_in_debt', 'invariant_broken') AND left(cause, 7) <> 'report_'
       AND ((status IN ('open', 'in_review') AND cause <> $4)
         OR (EXISTS (SELECT FROM proposals WHERE case_id = cases.id AND state = 'executed') AND (cause <> $4 OR about = $3)))
     LIMIT 1`,
    [transactionIds, objectIds, about, 'conservation_broken'],
  );
  return found.length > 0;
}

/** The case that a difference opened, whatever has become of it. */
export async function caseOf(sql: Sql, about: string): Promise<string> {
  const [found] = await sql.rows<{ id: string }>(
    `SELECT id FROM cases WHERE cause = 'conservation_broken' AND about = $1`,
    [about],
  );
  if (found === undefined) throw new Error(`no case about ${about}, though it was opened`);
  return found.id;
}

/** How many differences there are, by state. */
export async function countDifferences(sql: Sql): Promise<Record<DifferenceRow['state'], number>> {
  const rows = await sql.rows<{ state: DifferenceRow['state']; count: bigint }>(
    'SELECT state, count(*) AS count FROM differences GROUP BY state',
  );
  return {
    doubted: 0,
    explained: 0,
    broken: 0,
    ...Object.fromEntries(rows.map((row) => [row.state, Number(row.count)])),
  };
}
