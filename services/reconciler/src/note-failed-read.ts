import { atPlace } from './at-place.ts';
import { openCase } from './cases/open-case.ts';
import type { Deps } from './deps.ts';
import type { ReadDue } from './reconciler-store.ts';
import { notBefore, restAfterFailures } from './schedule.ts';

/**
 * One object could not be read while others may be: it is asked for ever more rarely, and after some failures in a row a human is
 * told. The reads go on: Revio may be mended, and only a read can end what waits for one. `leasedUntil` is what its row was given for
 * this read; a schedule that was made meanwhile stands.
 */
export async function noteFailedRead(deps: Deps, due: ReadDue, leasedUntil: Date): Promise<void> {
  await atPlace(deps, due, null, async (tx, { object }) => {
    const failed = { ...object, failedReads: object.failedReads + 1, readFailedAt: deps.clock.now() };
    const { objectId, transactionId, failedReads, lastStatus, readAt } = failed;
    if (failedReads >= deps.policy.failedReadsMax)
      await openCase(tx, deps, {
        ...{ cause: 'object_unreadable', about: objectId, transactionId, objectId },
        evidence: { failed_reads: failedReads, last_status: lastStatus, last_read_at: readAt },
      });
    const rest = restAfterFailures(failed, deps.plan);
    const isUnchanged = object.nextReadAt?.getTime() === leasedUntil.getTime();
    await tx.putObject({ ...failed, nextReadAt: isUnchanged ? rest : notBefore(object.nextReadAt, rest) });
    return [];
  });
}
