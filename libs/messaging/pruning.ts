import type { Sql } from '#libs/db';

/**
 * For the migrations of services that send or receive: what their role may ask for, as it may delete nothing itself. It never reaches
 * into the last day, never takes what waits to be published, and never forgets a received message before the sent ones of its age.
 *
 * The outbox is looked at from its oldest row on and no further than one batch: a run that finds nothing costs one page, not a scan. As
 * many stuck messages as a batch would hold it up; they raise their own alert long before.
 */
export const pruningSchema = (role: string): string => `
  CREATE INDEX inbox_processed ON inbox USING brin (processed_at) WITH (pages_per_range = 16, autosummarize = on);
  CREATE FUNCTION prune_messages(sent timestamptz, received timestamptz, batch integer)
  RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  DECLARE
    sent_before constant timestamptz := least(sent, now() - interval '1 day');
    received_before constant timestamptz := least(received, sent_before);
    pruned integer;
    counted integer;
  BEGIN
    DELETE FROM outbox WHERE published_at IS NOT NULL AND id IN (
      SELECT id FROM (SELECT id, created_at FROM outbox ORDER BY id LIMIT batch) AS oldest WHERE created_at < sent_before);
    GET DIAGNOSTICS pruned = ROW_COUNT;
    DELETE FROM inbox WHERE (consumer, message_id) IN (
      SELECT consumer, message_id FROM inbox WHERE processed_at < received_before LIMIT batch FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS counted = ROW_COUNT;
    RETURN pruned + counted;
  END $$;
  REVOKE ALL ON FUNCTION prune_messages FROM PUBLIC;
  GRANT EXECUTE ON FUNCTION prune_messages TO ${role};
`;

/**
 * The same, deleting what it has found by its place. As a join the inbox was read as a whole for each batch: a second with 600 000 rows, and
 * with eight million longer than a statement may take, so that nothing was ever pruned again. Rows of the inbox are never updated,
 * and these are locked, so that their places do not change.
 */
export const pruningByPlace = `
  CREATE OR REPLACE FUNCTION prune_messages(sent timestamptz, received timestamptz, batch integer)
  RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  DECLARE
    sent_before constant timestamptz := least(sent, now() - interval '1 day');
    received_before constant timestamptz := least(received, sent_before);
    pruned integer;
    counted integer;
  BEGIN
    DELETE FROM outbox WHERE published_at IS NOT NULL AND id = ANY(ARRAY(
      SELECT id FROM (SELECT id, created_at FROM outbox ORDER BY id LIMIT batch) AS oldest WHERE created_at < sent_before));
    GET DIAGNOSTICS pruned = ROW_COUNT;
    DELETE FROM inbox WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM inbox WHERE processed_at < received_before LIMIT batch FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS counted = ROW_COUNT;
    RETURN pruned + counted;
  END $$;
`;

/** Two deletes of some tens of milliseconds: the table is never blocked, and a backlog of weeks is gone in minutes all the same. */
const batchMax = 5_000;

export interface KeptDays {
  sent: number;
  received: number;
}

/**
 * Forgets messages that were published, or handled, longer ago than they are kept (DESIGN section 7). How many: above zero there may be
 * more. Only messages: what keeps money from moving twice (postings, verdicts, deliveries, idempotency keys) is never pruned.
 */
export async function pruneMessages(sql: Sql, keptDays: KeptDays, batch = batchMax): Promise<number> {
  const [row] = await sql.rows<{ pruned: number }>(
    `SELECT prune_messages(now() - $1 * interval '1 day', now() - $2 * interval '1 day', $3) AS pruned`,
    [keptDays.sent, keptDays.received, batch],
  );
  return row?.pruned ?? 0;
}
