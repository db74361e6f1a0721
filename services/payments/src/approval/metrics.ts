import type { Sql } from '#libs/db';
import type { Clock } from '#libs/runtime';
import type { Metrics } from '#libs/telemetry';

const WAITING = `SELECT count(*)::int AS count, min(reserved_at) AS oldest FROM transactions
  WHERE approval = 'waiting' AND status = 'pending' AND reserved_at IS NOT NULL`;

/** Somebody's money is held meanwhile. A database that does not answer leaves the series out, never at zero. */
export function exposeWaiting(metrics: Metrics, { sql, clock }: { sql: Sql; clock: Clock }): void {
  const look = async () => (await sql.rows<{ count: number; oldest: Date | null }>(WAITING))[0];
  metrics.gauge({
    name: 'withdrawals_awaiting_approval',
    help: 'Withdrawals that are held until an admin approves or rejects them',
    collect: async (gauge) => gauge.set((await look())?.count ?? Number.NaN),
  });
  metrics.gauge({
    name: 'withdrawals_awaiting_approval_oldest_seconds',
    help: 'How long the oldest of them has waited; 0 if none does',
    collect: async (gauge) => {
      const oldest = (await look())?.oldest;
      gauge.set(oldest ? (clock.now().getTime() - oldest.getTime()) / 1000 : 0);
    },
  });
}
