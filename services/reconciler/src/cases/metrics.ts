import type { Sql } from '#libs/db';
import type { Clock } from '#libs/runtime';
import type { Metrics } from '#libs/telemetry';

interface Waiting {
  open: number;
  oldest: Date | null;
}

const CASES = `SELECT count(*)::int AS open, min(opened_at) AS oldest FROM cases WHERE status IN ('open', 'in_review')`;
const PROPOSALS = `SELECT count(*)::int AS open, min(proposed_at) AS oldest FROM proposals
  WHERE state = 'proposed' AND expires_at > now()`;

/** What waits for people. Absent, never zero, while the database does not answer. */
export function exposeCases(metrics: Metrics, { sql, clock }: { sql: Sql; clock: Clock }): void {
  metrics.gauge({
    name: 'cases_open_by_cause',
    help: 'Cases that nobody has resolved or dismissed, by cause; a cause without one is absent',
    labels: ['cause'],
    collect: async (gauge) => {
      const found = await sql.rows<{ cause: string; open: number }>(
        `SELECT cause, count(*)::int AS open FROM cases WHERE status IN ('open', 'in_review') GROUP BY cause`,
      );
      gauge.reset();
      for (const { cause, open } of found) gauge.set({ cause }, open);
    },
  });
  const waiting = (names: { count: string; oldest: string }, what: string, text: string) => {
    const look = async (): Promise<Waiting> => {
      const [row] = await sql.rows<Waiting>(text);
      if (row === undefined) throw new Error('a count has one row');
      return row;
    };
    metrics.gauge({ name: names.count, help: what, collect: async (gauge) => gauge.set((await look()).open) });
    metrics.gauge({
      name: names.oldest,
      help: 'How long the oldest of them has waited; 0 if there is none',
      collect: async (gauge) => {
        const { oldest } = await look();
        gauge.set(oldest === null ? 0 : (clock.now().getTime() - oldest.getTime()) / 1000);
      },
    });
  };
  waiting({ count: 'cases_open', oldest: 'cases_open_oldest_seconds' }, 'Cases that wait for people', CASES);
  waiting(
    { count: 'proposals_open', oldest: 'proposals_open_oldest_seconds' },
    'Proposals that wait for a second person',
    PROPOSALS,
  );
}
