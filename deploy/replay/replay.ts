import pg from 'pg';

/** Some milliseconds of locks at a time: the relays of the running service work beside it. */
const pageMax = 1_000;

export interface Replayed {
  /** How many messages will be published again. */
  count: number;
  /** Since when messages are kept: what is older cannot be published again. Null when there are none. */
  keptSince: Date | null;
}

/**
 * Lets a service's relays publish again whatever they have published since then, under the same ids: who has handled a message does
 * nothing, who never got it, because its broker's data is lost or its database was restored, handles it now. `databaseUrl` is of the
 * service's own role or of the owner. It may be stopped and repeated, and runs beside the services.
 */
export async function replay(databaseUrl: string, since: Date): Promise<Replayed> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'replay' });
  await client.connect();
  try {
    const kept = await client.query<{ oldest: Date | null }>('SELECT min(created_at) AS oldest FROM outbox');
    let count = 0;
    for (let after = '0'; ; ) {
      // Published since, not enqueued since: what waited while the broker was down left later than it was written. By id from page to
      // page: a message that its relay has published meanwhile is behind us and does not come again.
      const { rows } = await client.query<{ last: string | null; count: number }>(
        `WITH page AS (
           SELECT id FROM outbox WHERE id > $1 AND published_at >= $2 ORDER BY id LIMIT ${pageMax} FOR UPDATE
         ), again AS (
           UPDATE outbox SET published_at = NULL, retry_at = now() FROM page WHERE outbox.id = page.id RETURNING outbox.id
         ) SELECT max(id)::text AS last, count(*)::int AS count FROM again`,
        [after, since],
      );
      const [page] = rows;
      if (page?.last == null) return { count, keptSince: kept.rows[0]?.oldest ?? null };
      count += page.count;
      after = page.last;
    }
  } finally {
    await client.end();
  }
}
