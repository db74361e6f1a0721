import { acquireLease, type Sql, type Transact } from '#libs/db';
import type { Clock, Logger } from '#libs/runtime';
import type { Postings } from './ask-wallet.ts';
import { type ConservationTx, countDifferences, type DifferenceRow } from './conservation-store.ts';
import { judgeDifferences } from './judge-differences.ts';
import { type Feed, readFeeds } from './read-feeds.ts';

export type ConservationDeps = {
  sql: { read: Sql; transact: Transact<Sql> };
  transact: Transact<ConservationTx>;
  postings: Postings;
  clock: Clock;
  newUuid: () => string;
  logger: Logger;
  /** Of this process, among the replicas. */
  holder: string;
  intervalMs: number;
  flowMaxMs: number;
  compared: (feed: Feed, count: number) => void;
};

/** A run that its own process has seen end, and when by both clocks. */
export type Looked = { differences: Record<DifferenceRow['state'], number>; at: Date; monotonicMs: number };

/**
 * The conservation check of this process (R5, I9): `runOnce` is one look, `last` what stood at its end, undefined while nothing is known
 * (no look yet, the last one failed or has not caught up, or another replica holds the lease): an error is never shown as "all is well".
 */
export function watchConservation(deps: ConservationDeps) {
  const { sql, transact, clock, logger, holder, intervalMs } = deps;
  let last: Looked | undefined;
  let known = 0;

  async function runOnce(signal?: AbortSignal): Promise<number> {
    try {
      // Three intervals, so that the holder renews it in time; when it dies, another replica goes on from the cursors.
      if ((await acquireLease(sql.read, 'conservation', holder, 3 * intervalMs)) === null) {
        last = undefined;
        return 0;
      }
      const caughtUp = await readFeeds(deps, signal);
      await judgeDifferences({
        ...deps,
        read: sql.read,
        transact: (work) => transact(work, { onUnknownCommit: 'rerun' }),
      });
      const differences = await countDifferences(sql.read);
      if (differences.broken > known)
        logger.fatal({ broken: differences.broken }, 'the ledger and Revio contradict each other');
      known = differences.broken;
      if (caughtUp) last = { differences, at: clock.now(), monotonicMs: clock.monotonicMs() };
      return caughtUp ? 0 : 1;
    } catch (error) {
      last = undefined;
      throw error;
    }
  }

  return { runOnce, last: (): Looked | undefined => last };
}
