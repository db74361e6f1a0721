import type { Sql } from '#libs/db';
import { batchCounter, type Counted, type Limit, sharedCounter } from '#libs/rate-limits';
import type { Clock, Logger } from '#libs/runtime';

/** Undefined when it cannot be counted: junk is then answered as ever, and is worth no 503. */
export type CountUnverified = () => Promise<Counted | undefined>;

/** REQUIREMENTS A5, as `RateLimit-Policy` tells it. One window for everybody: a flood has as many addresses as it likes. */
export const unverifiedLimit = (max: number): Limit => ({
  name: 'unverified',
  max,
  windowS: 60,
  withoutDatabase: 'forgo',
});

/** Counts deliveries that nobody vouches for, over all replicas. */
export function countUnverified(
  { read, clock, logger }: { read: Sql; clock: Clock; logger: Logger },
  limit: Limit,
): CountUnverified {
  const take = sharedCounter(read, clock, limit);
  const count = batchCounter((points) => take('all', points));
  return () =>
    count().catch((err: unknown) => {
      logger.warn({ err }, 'an unverified delivery was not counted');
      return undefined;
    });
}
