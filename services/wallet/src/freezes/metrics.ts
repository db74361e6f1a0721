import type { Sql } from '#libs/db';
import type { Metrics } from '#libs/telemetry';

/** Absent, never zero, while the database does not answer. */
export function exposeFreezes(metrics: Metrics, sql: Sql): void {
  metrics.gauge({
    name: 'freezes_in_force',
    help: 'Freezes of withdrawals: of all of them, or of one wallet each (M11)',
    labels: ['scope'],
    collect: async (gauge) => {
      const [row] = await sql.rows<{ everything: number; wallet: number }>(
        `SELECT count(*) FILTER (WHERE user_id IS NULL)::int AS everything,
           count(*) FILTER (WHERE user_id IS NOT NULL)::int AS wallet
         FROM freezes WHERE released_at IS NULL`,
      );
      gauge.set({ scope: 'everything' }, row?.everything ?? Number.NaN);
      gauge.set({ scope: 'wallet' }, row?.wallet ?? Number.NaN);
    },
  });
}
