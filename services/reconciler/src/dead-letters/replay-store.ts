import type { Sql } from '#libs/db';
import type { DeadLetter } from './dead-letter.ts';
import { conditionsOf, type DeadLetterFilter, deadLetterColumns, whereOf } from './dead-letter-rows.ts';

export interface ReplayJob {
  id: string;
  requestedBy: string;
  requestedAt: Date;
  /** What was asked for, as it was asked. */
  wanted: unknown;
  state: 'running' | 'done' | 'cancelled';
  endedAt: Date | null;
}

export interface ReplayItem {
  jobId: string;
  deadLetterId: string;
  state: 'waiting' | 'done' | 'failed' | 'cancelled';
  tries: number;
  endedAt: Date | null;
}

/** A job and how far it is; `diedAgain`: of those done, the ones that have died since. */
export interface ReplayProgress extends ReplayJob {
  total: number;
  waiting: number;
  done: number;
  failed: number;
  cancelled: number;
  diedAgain: number;
}

/** `ids` whatever their state, a filter of open ones only. */
export type Wanted = { ids: readonly string[] } | { filter: DeadLetterFilter };

/** One message that a job still has to put back, as it was when that was looked up. */
export type DueReplay = DeadLetter & { jobId: string };

export interface ReplayTx {
  /** Locks what is wanted, the oldest death first, and makes items of it. Answers how many. */
  insertReplay(job: ReplayJob, wanted: Wanted, limit: number): Promise<number>;
  /** Whether a running job still has to put it back. */
  isWaiting(deadLetterId: string): Promise<boolean>;
  /** Of the oldest running job. */
  dueReplays(limit: number): Promise<DueReplay[]>;
  /**
   * They are back in their queues. One that has died again meanwhile stays open, for its row is then all that is left of it. Answers
   * how many of them nobody had marked before.
   */
  markReplayed(replayed: readonly Pick<DueReplay, 'jobId' | 'id' | 'deaths'>[], at: Date): Promise<number>;
  /** One that could not be put back is tried again, `triesMax` times in all. Answers whether it was the last. */
  noteFailedReplay(item: Pick<DueReplay, 'jobId' | 'id'>, triesMax: number, at: Date): Promise<boolean>;
  /** Ends the running jobs that have nothing left to do. */
  endReplays(at: Date): Promise<void>;
  /** False if it had ended, or there is none. */
  cancelReplay(id: string, at: Date): Promise<boolean>;
  findReplay(id: string): Promise<ReplayProgress | null>;
  /** Newest first; of one message if given. */
  listReplays(limit: number, deadLetterId?: string): Promise<ReplayProgress[]>;
}

const jobColumns = `j.id, j.requested_by AS "requestedBy", j.requested_at AS "requestedAt", j.wanted, j.state,
  j.ended_at AS "endedAt"`;

const counted = (state: ReplayItem['state'], name: string) =>
  `count(*) FILTER (WHERE i.state = '${state}')::int AS "${name}"`;

const progress = `SELECT ${jobColumns}, count(i.job_id)::int AS total, ${counted('waiting', 'waiting')},
    ${counted('done', 'done')}, ${counted('failed', 'failed')}, ${counted('cancelled', 'cancelled')},
    count(*) FILTER (WHERE i.state = 'done' AND l.died_at > i.ended_at)::int AS "diedAgain"
  FROM replay_jobs j LEFT JOIN replay_items i ON i.job_id = j.id LEFT JOIN dead_letters l ON l.id = i.dead_letter_id`;

export const postgresReplays = (sql: Sql): ReplayTx => ({
  insertReplay: async (job, wanted, limit) => {
    await sql.run(
      `INSERT INTO replay_jobs (id, requested_by, requested_at, wanted, state) VALUES ($1, $2, $3, $4, $5)`,
      [job.id, job.requestedBy, job.requestedAt, JSON.stringify(job.wanted), job.state],
    );
    const { conditions, values } = wantedConditions(wanted);
    return sql.run(
      `INSERT INTO replay_items (job_id, dead_letter_id, state)
       SELECT $${values.push(job.id)}, id, 'waiting' FROM (
         SELECT id FROM dead_letters ${whereOf(conditions)} ORDER BY died_at, id LIMIT $${values.push(limit)} FOR UPDATE) w`,
      values,
    );
  },
  isWaiting: async (deadLetterId) => {
    const [found] = await sql.rows(
      `SELECT 1 FROM replay_items WHERE dead_letter_id = $1 AND state = 'waiting' LIMIT 1`,
      [deadLetterId],
    );
    return found !== undefined;
  },
  dueReplays: (limit) =>
    sql.rows<DueReplay>(
      `WITH oldest AS MATERIALIZED (
         SELECT j.id FROM replay_jobs j
         WHERE j.state = 'running' AND EXISTS (SELECT FROM replay_items i WHERE i.job_id = j.id AND i.state = 'waiting')
         ORDER BY j.requested_at, j.id LIMIT 1)
       SELECT i.job_id AS "jobId", l.*
       FROM oldest JOIN replay_items i ON i.job_id = oldest.id AND i.state = 'waiting'
         JOIN LATERAL (SELECT ${deadLetterColumns} FROM dead_letters WHERE id = i.dead_letter_id) l ON true
       ORDER BY i.tries, l."firstDiedAt", l.id LIMIT $1`,
      [limit],
    ),
  markReplayed: async (replayed, at) =>
    sql.run(
      `WITH sent AS (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[]) AS s (job_id, id, deaths)),
         marked AS (
           UPDATE replay_items i SET state = 'done', ended_at = $4 FROM sent
           WHERE i.job_id = sent.job_id AND i.dead_letter_id = sent.id AND i.state IN ('waiting', 'cancelled')
           RETURNING sent.id, sent.deaths)
       UPDATE dead_letters l SET replays = replays + 1,
         state = CASE WHEN l.deaths = marked.deaths THEN 'replayed' ELSE l.state END
       FROM marked WHERE l.id = marked.id`,
      [replayed.map(({ jobId }) => jobId), replayed.map(({ id }) => id), replayed.map(({ deaths }) => deaths), at],
    ),
  noteFailedReplay: async ({ jobId, id }, triesMax, at) => {
    const [item] = await sql.rows<{ state: ReplayItem['state'] }>(
      `UPDATE replay_items SET tries = tries + 1,
         state = CASE WHEN tries + 1 >= $3 THEN 'failed' ELSE state END,
         ended_at = CASE WHEN tries + 1 >= $3 THEN $4::timestamptz END
       WHERE job_id = $1 AND dead_letter_id = $2 AND state = 'waiting' RETURNING state`,
      [jobId, id, triesMax, at],
    );
    return item?.state === 'failed';
  },
  endReplays: async (at) => {
    await sql.run(
      `UPDATE replay_jobs j SET state = 'done', ended_at = $1 WHERE j.state = 'running'
         AND NOT EXISTS (SELECT FROM replay_items i WHERE i.job_id = j.id AND i.state = 'waiting')`,
      [at],
    );
  },
  cancelReplay: async (id, at) => {
    const cancelled = await sql.run(
      `UPDATE replay_jobs SET state = 'cancelled', ended_at = $2 WHERE id = $1 AND state = 'running'`,
      [id, at],
    );
    await sql.run(
      `UPDATE replay_items SET state = 'cancelled', ended_at = $2 WHERE job_id = $1 AND state = 'waiting'`,
      [id, at],
    );
    return cancelled === 1;
  },
  findReplay: async (id) =>
    (await sql.rows<ReplayProgress>(`${progress} WHERE j.id = $1 GROUP BY j.id`, [id]))[0] ?? null,
  listReplays: (limit, deadLetterId) =>
    sql.rows<ReplayProgress>(
      `${progress}
       WHERE $2::uuid IS NULL OR j.id IN (SELECT job_id FROM replay_items WHERE dead_letter_id = $2)
       GROUP BY j.id ORDER BY j.requested_at DESC, j.id LIMIT $1`,
      [limit, deadLetterId ?? null],
    ),
});

/** By a filter, what a running job has in hand already is left to it. */
function wantedConditions(wanted: Wanted): { conditions: string[]; values: unknown[] } {
  if ('ids' in wanted) return { conditions: ['id = ANY($1::uuid[])'], values: [wanted.ids] };
  const { conditions, values } = conditionsOf({ ...wanted.filter, state: 'open' });
  const inHand = `SELECT FROM replay_items i WHERE i.dead_letter_id = dead_letters.id AND i.state = 'waiting'`;
  return { conditions: [...conditions, `NOT EXISTS (${inHand})`], values };
}
