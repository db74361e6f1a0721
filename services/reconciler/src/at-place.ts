import { inTraceOf } from '#libs/runtime';
import type { Decision } from './decision.ts';
import type { Deps } from './deps.ts';
import type { ReconcilerTx } from './reconciler-store.ts';
import type { ProviderObject, Subject } from './subject.ts';

/** An object and its transaction, both locked; `subject` is null while nobody has said whose object it is. */
export interface Place {
  subject: Subject | null;
  object: ProviderObject;
}

/** Between the look and the lock an expectation has claimed the object. */
class ClaimedMeanwhile extends Error {
  override readonly name = 'ClaimedMeanwhile';
}

/**
 * Runs `work` in a transaction that holds the object's row and, before it, that of its transaction: `claimedBy`, unless it is known
 * better; and in the trace that the transaction began in. Tells of the decisions once they are committed.
 */
export async function atPlace(
  deps: Deps,
  { objectId, objectType }: Pick<ProviderObject, 'objectId' | 'objectType'>,
  claimedBy: string | null,
  work: (tx: ReconcilerTx, place: Place) => Promise<Decision[]>,
): Promise<Decision[]> {
  const attempt = () =>
    deps.transact(
      async (tx) => {
        const transactionId = (await tx.transactionOf(objectId)) ?? claimedBy;
        const subject = transactionId === null ? null : await tx.lockSubject(transactionId);
        const object = await tx.lockObject(objectId, objectType);
        if (object.transactionId !== null && object.transactionId !== transactionId) throw new ClaimedMeanwhile();
        const place = { subject, object: { ...object, transactionId } };
        return subject === null ? work(tx, place) : inTraceOf(subject, () => work(tx, place));
      },
      { onUnknownCommit: 'rerun' },
    );
  // Whose an object is never changes, so the second look finds it. To lock the transaction's row late instead, after its object's, met
  // its opposite in 15 of 100 races, and PostgreSQL needs a second to see such a circle.
  const decisions = await attempt().catch((error: unknown) => {
    if (error instanceof ClaimedMeanwhile) return attempt();
    throw error;
  });
  for (const decision of decisions) deps.decided?.(decision);
  return decisions;
}
