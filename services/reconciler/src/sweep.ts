import type { Observation } from '#libs/contracts';
import type { Deps } from './deps.ts';
import { observe } from './observe.ts';
import type { ReadDue } from './reconciler-store.ts';

/** What came of asking payments to read an object at Revio. */
export type FreshRead =
  | { kind: 'read'; observation: Observation }
  /** Payments or Revio cannot be asked at all just now. */
  | { kind: 'unavailable'; retryAfterMs: number }
  /** This one read failed; others may not. */
  | { kind: 'failed' };

export interface SweepDeps extends Deps {
  readProvider: (due: ReadDue) => Promise<FreshRead>;
  /** Reads taken at once; also what a killed sweeper leaves to its lease. */
  pageMax: number;
  /** Reads in flight: Revio is asked gently, whatever has piled up (REQUIREMENTS R2). */
  concurrencyMax: number;
  /** Longer than a page takes; then what was taken and not done is due again. */
  leaseMs: number;
}

/**
 * Reads what is due at Revio, through payments and outside of any transaction, and observes what it says: deposits and withdrawals
 * reach their end with no webhook at all (REQUIREMENTS R2). Any number of replicas share the work. Returns how many were read.
 */
export async function sweep(deps: SweepDeps, signal?: AbortSignal): Promise<number> {
  const now = deps.clock.now();
  const leasedUntil = new Date(now.getTime() + deps.leaseMs);
  const left = await deps.transact((tx) => tx.takeDueReads(now, leasedUntil, deps.pageMax));
  const refused: ReadDue[] = [];
  let done = 0;
  let pauseMs = 0;
  const work = async (): Promise<void> => {
    while (pauseMs === 0 && signal?.aborted !== true) {
      const due = left.shift();
      if (due === undefined) return;
      const fresh = await deps.readProvider(due);
      if (fresh.kind === 'unavailable') {
        pauseMs = Math.max(pauseMs, fresh.retryAfterMs);
        refused.push(due);
      }
      if (fresh.kind !== 'read') continue;
      await observe(deps, { observation: fresh.observation });
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: deps.concurrencyMax }, work));
  await giveBack(deps, left, leasedUntil, pauseMs);
  // Behind the others: a single object that Revio cannot show must not stand at the head of every page and stop it.
  await giveBack(deps, refused, leasedUntil, 2 * pauseMs);
  return pauseMs > 0 ? 0 : done;
}

/** Undone reads are due again after the pause, or at once where only this process stops. */
async function giveBack(deps: SweepDeps, left: readonly ReadDue[], leasedUntil: Date, pauseMs: number): Promise<void> {
  if (left.length === 0) return;
  const until = new Date(deps.clock.now().getTime() + pauseMs);
  await deps.transact((tx) =>
    tx.postponeReads(
      left.map(({ objectId }) => objectId),
      leasedUntil,
      until,
    ),
  );
}
