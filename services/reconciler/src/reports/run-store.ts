import type { Sql } from '#libs/db';
import type { ReportRun } from './report.ts';

/** What one transaction may do with the reports that are wanted. */
export interface RunTx {
  /** False if this cause has asked for it before. */
  insertRun(run: Pick<ReportRun, 'id' | 'day' | 'currency' | 'cause' | 'requestedAt'>): Promise<boolean>;
  /** The one that has waited longest, for `leaseMs` by the database's clock: what a killed process took is there again then. */
  claimRun(leaseMs: number): Promise<ReportRun | null>;
  /** Locks it until the end of the transaction; false if it has ended. */
  lockWantedRun(id: string): Promise<boolean>;
  endRun(id: string, failure: string | null): Promise<void>;
  /** Leaves it for `pauseMs`. */
  postponeRun(id: string, pauseMs: number): Promise<void>;
  /** Newest first. */
  listOpenRuns(limit: number): Promise<ReportRun[]>;
  isDayScheduled(day: string): Promise<boolean>;
  markDayScheduled(day: string, at: Date): Promise<void>;
}

const columns = `id, day, currency, cause, requested_at AS "requestedAt", state, attempts, failure`;

export const postgresRuns = (sql: Sql): RunTx => ({
  insertRun: async ({ id, day, currency, cause, requestedAt }) => {
    const inserted = await sql.run(
      `INSERT INTO report_runs (id, day, currency, cause, requested_at, state) VALUES ($1, $2, $3, $4, $5, 'wanted')
       ON CONFLICT (day, currency, cause) DO NOTHING`,
      [id, day, currency, cause, requestedAt],
    );
    return inserted === 1;
  },
  claimRun: async (leaseMs) => {
    const [claimed] = await sql.rows<ReportRun>(
      `WITH next AS MATERIALIZED (
         SELECT id FROM report_runs
         WHERE state = 'wanted' AND (claimed_until IS NULL OR claimed_until <= clock_timestamp())
         ORDER BY requested_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
       UPDATE report_runs run SET attempts = attempts + 1,
         claimed_until = clock_timestamp() + $1 * interval '1 millisecond'
       FROM next WHERE run.id = next.id
       RETURNING run.id, day, currency, cause, requested_at AS "requestedAt", state, attempts, failure`,
      [leaseMs],
    );
    return claimed ?? null;
  },
  lockWantedRun: async (id) =>
    (await sql.rows(`SELECT id FROM report_runs WHERE id = $1 AND state = 'wanted' FOR UPDATE`, [id])).length === 1,
  endRun: async (id, failure) => {
    await sql.run(`UPDATE report_runs SET state = $2, failure = $3 WHERE id = $1 AND state = 'wanted'`, [
      id,
      failure === null ? 'done' : 'failed',
      failure,
    ]);
  },
  postponeRun: async (id, pauseMs) => {
    await sql.run(
      `UPDATE report_runs SET claimed_until = clock_timestamp() + $2 * interval '1 millisecond'
       WHERE id = $1 AND state = 'wanted'`,
      [id, pauseMs],
    );
  },
  listOpenRuns: (limit) =>
    sql.rows<ReportRun>(
      `SELECT ${columns} FROM report_runs WHERE state <> 'done' ORDER BY requested_at DESC, id LIMIT $1`,
      [limit],
    ),
  isDayScheduled: async (day) => (await sql.rows('SELECT day FROM report_days WHERE day = $1', [day])).length === 1,
  markDayScheduled: async (day, at) => {
    await sql.run('INSERT INTO report_days (day, scheduled_at) VALUES ($1, $2) ON CONFLICT DO NOTHING', [day, at]);
  },
});
