import type { Sql } from '#libs/db';
import type { Clock } from '#libs/runtime';
import type { Metrics } from '#libs/telemetry';

/** What an admin has to approve waits for people, not for a machine: it counts in the age of withdrawals_awaiting_approval only. */
const OPEN = `SELECT kind, status, count(*)::int AS count,
    min(created_at) FILTER (WHERE approval IS DISTINCT FROM 'waiting') AS oldest
  FROM transactions WHERE status IN ('pending', 'processing', 'voiding') GROUP BY kind, status`;

const states = [
  { kind: 'deposit', status: 'pending' },
  { kind: 'withdrawal', status: 'pending' },
  { kind: 'withdrawal', status: 'processing' },
  { kind: 'withdrawal', status: 'voiding' },
] as const;

interface Open {
  kind: string;
  status: string;
  count: number;
  oldest: Date | null;
}

/** What has not ended yet. A database that does not answer leaves the series out, never at zero. */
export function exposeOpen(metrics: Metrics, { sql, clock }: { sql: Sql; clock: Clock }): void {
  const perState = (name: string, help: string, value: (open: Open) => number) =>
    metrics.gauge({
      ...{ name, help, labels: ['kind', 'status'] as const },
      collect: async (gauge) => {
        const found = await sql.rows<Open>(OPEN);
        for (const state of states) {
          const open = found.find(({ kind, status }) => kind === state.kind && status === state.status);
          gauge.set(state, open === undefined ? 0 : value(open));
        }
      },
    });
  perState('transactions_open', 'Transactions that have not ended', ({ count }) => count);
  perState(
    'transactions_open_oldest_seconds',
    'Age of the oldest of them that no admin has to approve; 0 if there is none',
    ({ oldest }) => (oldest === null ? 0 : (clock.now().getTime() - oldest.getTime()) / 1000),
  );
}
