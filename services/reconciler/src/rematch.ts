import { atPlace } from './at-place.ts';
import { openCase } from './cases/open-case.ts';
import type { Deps } from './deps.ts';
import { weigh } from './weigh.ts';

/** One run's work: some seconds, well below the lease. What is beyond comes with the next run, which follows at once. */
const PAGE_MAX = 200;

export interface RematchDeps extends Deps {
  /** Whether this replica runs the job; renewed at each run (REQUIREMENTS R6). */
  holdsLease: () => Promise<boolean>;
  /** How long a waiting observation is left alone between two tries. */
  retryAfterMs: number;
  /** What has found no partner for this long is ended: in a case, if there may be money in it (REQUIREMENTS W7). */
  unmatchedAfterMs: number;
}

/**
 * Tries again to match what waits. Expectation and observation meet under their locks anyway, so this finds little: it is what ends
 * the waiting of those whose partner never came. Returns how much it looked at if there may be more.
 */
export async function rematch(deps: RematchDeps): Promise<number> {
  if (!(await deps.holdsLease())) return 0;
  const now = deps.clock.now();
  const giveUpBefore = ago(now, deps.unmatchedAfterMs);
  const objectIds = await deps.transact((tx) => tx.takeWaitingObjects(ago(now, deps.retryAfterMs), now, PAGE_MAX));
  for (const objectId of objectIds) await weighAgain(deps, objectId, giveUpBefore);
  const lonely = await deps.transact((tx) => tx.subjectsWithoutObject(giveUpBefore, PAGE_MAX));
  for (const transactionId of lonely) await reportLonely(deps, transactionId);
  return Math.max(objectIds.length, lonely.length) === PAGE_MAX ? PAGE_MAX : 0;
}

/** The row exists, so the type given here is of no use: it is the type of an object that nobody has seen. */
const weighAgain = (deps: Deps, objectId: string, giveUpBefore: Date) =>
  atPlace(deps, { objectId, objectType: 'payment' }, null, (tx, place) => weigh(tx, deps, place, { giveUpBefore }));

/** A transaction that payments told of and that nothing at Revio ever belonged to, open for a day: somebody should know why. */
async function reportLonely(deps: Deps, transactionId: string): Promise<void> {
  await deps.transact(async (tx) => {
    const subject = await tx.lockSubject(transactionId);
    if (subject.objectId !== null || subject.endedAt !== null || subject.reportedAt !== null) return;
    await openCase(tx, deps, {
      cause: 'no_provider_object',
      about: transactionId,
      transactionId,
      objectId: null,
      evidence: { requested_at: subject.requestedAt, amount_minor: subject.amountMinor?.toString() },
    });
    await tx.putSubject({ ...subject, reportedAt: deps.clock.now() });
  });
}

const ago = (now: Date, ms: number): Date => new Date(now.getTime() - ms);
