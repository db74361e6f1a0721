import pg from 'pg';
import type { System } from './start-system.ts';

/** Rows that come and go whatever is asked: the log of logins and refusals, counters, leases, what is on its way. */
const restless = /^(audit_log|rate_limits?|limits_.*|leases?|outbox|outbox_.*|inbox|.*_inbox|migrations)$/;

/** How many rows each table of each service has, the restless ones left out: `{"payments.transactions": 3}`. */
export async function countRows(system: System): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const [service, { ownerUrl }] of Object.entries(system.databases)) {
    const client = new pg.Client({ connectionString: ownerUrl });
    await client.connect();
    try {
      const { rows } = await client.query(
        `SELECT table_name AS name FROM information_schema.tables
         WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY table_name`,
      );
      for (const { name } of rows as { name: string }[]) {
        if (restless.test(name)) continue;
        const counted = await client.query(`SELECT count(*)::int AS n FROM "${name}"`);
        counts[`${service}.${name}`] = counted.rows[0].n;
      }
    } finally {
      await client.end();
    }
  }
  return counts;
}
