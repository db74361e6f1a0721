import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { Sql } from '#libs/db';
import type { Clock } from '#libs/runtime';
import type { Limit } from './limit.ts';

export interface Taken {
  allowed: boolean;
  /** How many points the window has seen with these: as far as this replica knows, once they are more than there are. */
  used: number;
  /** What is left of the window, as far as this replica knows. */
  remaining: number;
  resetMs: number;
  /** The first refusal of the window: the one that is worth an audit line, of however many come. */
  firstRefusal: boolean;
}

/**
 * A counter is one statement of half a millisecond; on an overloaded machine it took 600, and giving up then let twice the limit through.
 * What takes longer than this holds up requests that the limit only guards.
 */
const answerMsMax = 3_000;
/** After a failure the database is left alone this long, so that requests do not queue up for it one by one. */
const restMs = 5_000;

/**
 * Counts in the database, one statement a request, so that it is exact however many replicas count at once. Rejects when the counters cannot
 * be reached, but for a limit that is then counted `alone`. Needs the table `rateLimitsSchema`.
 */
export function sharedCounter(sql: Sql, clock: Clock, limit: Limit): (key: string, points: number) => Promise<Taken> {
  const { name, max, windowS } = limit;
  const alone = new RateLimiterMemory({ keyPrefix: name, points: max, duration: windowS });
  const shared = new RateLimiterPostgres({
    storeClient: limit.withoutDatabase === 'refuse' ? storeOver(sql) : patient(sql, clock),
    storeType: 'pool',
    tableName: 'rate_limits',
    tableCreated: true, // by a migration, whose role we do not have
    clearExpiredByTimeout: false, // whoever owns the table prunes it
    keyPrefix: name,
    points: max,
    duration: windowS,
    // A flood that is refused already costs no statement.
    inMemoryBlockOnConsumed: max + 1,
    ...(limit.withoutDatabase === 'alone' && { insuranceLimiter: alone }),
  });
  return async (key, points) => {
    try {
      return takenOf(await shared.consume(key, points), true, max, points);
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) return takenOf(refusal, false, max, points);
      throw refusal;
    }
  };
}

const takenOf = (res: RateLimiterRes, allowed: boolean, max: number, points: number): Taken => ({
  allowed,
  // What is refused without a statement is not counted any more.
  used: res.consumedPoints === 0 ? max + points : res.consumedPoints,
  remaining: res.remainingPoints,
  resetMs: Math.max(res.msBeforeNext, 0),
  firstRefusal: !allowed && res.consumedPoints > max && res.consumedPoints - points <= max,
});

interface Row {
  points: number;
  expire: bigint | number | null;
}

/** What the library takes for a pool of node-postgres. It calculates with `expire`, which our driver gives as a bigint. */
const storeOver = (sql: Sql) => ({
  query: async ({ text, values }: { text: string; values: unknown[] }) => {
    const rows = (await sql.rows<Row>(text, values)).map((row) => ({ ...row, expire: Number(row.expire) }));
    return { rows, rowCount: rows.length };
  },
});

/** Gives up early, and for a while. */
function patient(sql: Sql, clock: Clock) {
  const store = storeOver(sql);
  let restUntilMs = Number.NEGATIVE_INFINITY;
  return {
    query: async (statement: { text: string; values: unknown[] }) => {
      if (clock.monotonicMs() < restUntilMs) throw new Error('the counters were not reached a moment ago');
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error('the counters take too long')), answerMsMax);
      });
      try {
        return await Promise.race([store.query(statement), late]);
      } catch (error) {
        restUntilMs = clock.monotonicMs() + restMs;
        throw error;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
