import type { Observation } from '#libs/contracts';
import type { Deps } from './deps.ts';
import { noteFailedRead } from './note-failed-read.ts';
import { observe } from './observe.ts';
import type { ReadDue } from './reconciler-store.ts';

/**
 * So many different objects that nobody answers for, one after the other and none read between: then it is not they, it is an outage.
 * With fewer, a handful of objects that Revio cannot show would stop the reads of all others.
 */
const OUTAGE_OBJECTS = 5;

/** What came of asking payments to read an object at Revio. */
export type FreshRead =
  | { kind: 'read'; observation: Observation }
  /** No answer, because of this object or of all: a time to wait says that it is all of them, null leaves it open. */
  | { kind: 'unavailable'; retryAfterMs: number | null }
  /** An answer that is of no use: it is this object alone. */
  | { kind: 'failed' };

/** What a sweeper knows from its runs before. In memory: a process that starts anew finds out with a few reads. */
export interface Outage {
  pausedUntil: Date;
  /** The last objects in a row that nobody answered for, at most OUTAGE_OBJECTS. */
  unanswered: Set<string>;
}

export const noOutage = (): Outage => ({ pausedUntil: new Date(0), unanswered: new Set() });

export interface SweepDeps extends Deps {
  readProvider: (due: ReadDue) => Promise<FreshRead>;
  outage: Outage;
  /** How long no read is tried after an outage was seen, unless a time was named. */
  pauseMs: number;
  /** Reads taken at once; also what a killed sweeper leaves to its lease. */
  pageMax: number;
  /** Reads in flight: Revio is asked gently, whatever has piled up (REQUIREMENTS R2). */
  concurrencyMax: number;
  /** Longer than a page takes; then what was taken and not done is due again. */
  leaseMs: number;
}

/**
 * Reads what is due at Revio, through payments and outside of any transaction, and observes what it says: deposits and withdrawals
 * reach their end with no webhook at all (REQUIREMENTS R2). Any number of replicas share the work. Returns how many were read; 0 in
 * an outage, when nothing at all is read until its pause is over.
 */
export async function sweep(deps: SweepDeps, signal?: AbortSignal): Promise<number> {
  const now = deps.clock.now();
  if (now < deps.outage.pausedUntil) return 0;
  const leasedUntil = new Date(now.getTime() + deps.leaseMs);
  const left = await deps.transact((tx) => tx.takeDueReads(now, leasedUntil, deps.pageMax));
  const refused: ReadDue[] = [];
  let done = 0;
  let pauseMs: number | null = null;
  const work = async (): Promise<void> => {
    while (pauseMs === null && signal?.aborted !== true) {
      const due = left.shift();
      if (due === undefined) return;
      const fresh = await deps.readProvider(due);
      const outageMs = outageLength(deps, due, fresh);
      if (outageMs !== null) {
        pauseMs = Math.max(pauseMs ?? 0, outageMs);
        refused.push(due);
      } else if (fresh.kind === 'read') {
        await observe(deps, { observation: fresh.observation });
        done += 1;
      } else await noteFailedRead(deps, due, leasedUntil);
    }
  };
  await Promise.all(Array.from({ length: deps.concurrencyMax }, work));
  await giveBack(deps, left, leasedUntil, pauseMs ?? 0);
  if (pauseMs === null) return done;
  deps.outage.pausedUntil = new Date(deps.clock.now().getTime() + pauseMs);
  // Behind the others: what was asked for in vain must not stand at the head of every page.
  await giveBack(deps, refused, leasedUntil, 2 * pauseMs);
  return 0;
}

/** How long to read nothing, if this answer says or completes that nothing can be read; else null. */
function outageLength({ outage, pauseMs }: SweepDeps, { objectId }: ReadDue, fresh: FreshRead): number | null {
  if (fresh.kind === 'read') outage.unanswered.clear();
  if (fresh.kind !== 'unavailable') return null;
  if (outage.unanswered.size < OUTAGE_OBJECTS) outage.unanswered.add(objectId);
  return fresh.retryAfterMs ?? (outage.unanswered.size < OUTAGE_OBJECTS ? null : pauseMs);
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
