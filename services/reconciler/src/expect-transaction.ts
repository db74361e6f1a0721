import type { Currency } from '#libs/money';
import { currentContext } from '#libs/runtime';
import { openCase } from './cases/open-case.ts';
import type { Decision } from './decision.ts';
import type { Deps } from './deps.ts';
import type { ReconcilerTx } from './reconciler-store.ts';
import type { Subject } from './subject.ts';
import { weigh } from './weigh.ts';

/** What payments tells of a deposit or withdrawal, at its request or once its object exists: either message may come first. */
export interface Expectation {
  messageId: string;
  transactionId: string;
  userId: string;
  currency: Currency;
  amountMinor: bigint;
  requestedAt: Date;
  dueAt: Date | null;
  executeSentAt: Date | null;
  object: { objectId: string; objectType: 'purchase' | 'payout' } | null;
}

/** Writes down what is expected and weighs what has been observed of it already. */
export async function expectTransaction(deps: Deps, expectation: Expectation): Promise<void> {
  const decisions = await deps.transact(
    async (tx) => {
      if (!(await tx.claimMessage(expectation.messageId))) return [];
      const subject = await tx.lockSubject(expectation.transactionId);
      if (conflicts(subject, expectation)) {
        await openConflict(tx, deps, subject, expectation);
        return [];
      }
      const expected = merged(subject, expectation);
      await tx.putSubject(expected);
      if (expectation.object !== null) await claimObject(tx, deps, expected, expectation.object);
      return weighAll(tx, deps, expected);
    },
    { onUnknownCommit: 'rerun' },
  );
  for (const decision of decisions) deps.decided?.(decision);
}

/** Weighs what waits on any object of a locked subject, and schedules their reads anew. */
export async function weighAll(tx: ReconcilerTx, deps: Deps, subject: Subject): Promise<Decision[]> {
  const decisions: Decision[] = [];
  for (const object of await tx.lockObjectsOf(subject.transactionId))
    decisions.push(...(await weigh(tx, deps, { subject, object })));
  return decisions;
}

const merged = (subject: Subject, expectation: Expectation): Subject => ({
  ...subject,
  userId: expectation.userId,
  currency: expectation.currency,
  amountMinor: expectation.amountMinor,
  objectId: expectation.object?.objectId ?? subject.objectId,
  requestedAt: subject.requestedAt ?? expectation.requestedAt,
  dueAt: expectation.dueAt ?? subject.dueAt,
  executeSentAt: expectation.executeSentAt ?? subject.executeSentAt,
  traceparent: subject.traceparent ?? currentContext().traceparent ?? null,
});

/** Payments contradicts itself: nothing may be decided on either of two amounts, or on either of two payouts. */
function conflicts(subject: Subject, expectation: Expectation): boolean {
  const differs = <T>(known: T | null, told: T | null) => known !== null && told !== null && known !== told;
  return (
    differs(subject.userId, expectation.userId) ||
    differs(subject.currency, expectation.currency) ||
    differs(subject.amountMinor, expectation.amountMinor) ||
    differs(subject.objectId, expectation.object?.objectId ?? null)
  );
}

const openConflict = (tx: ReconcilerTx, deps: Deps, subject: Subject, told: Expectation): Promise<void> =>
  openCase(tx, deps, {
    cause: 'expectation_conflict',
    about: told.transactionId,
    transactionId: told.transactionId,
    objectId: told.object?.objectId ?? null,
    evidence: {
      known: { currency: subject.currency, amount_minor: subject.amountMinor?.toString(), object_id: subject.objectId },
      told: { currency: told.currency, amount_minor: told.amountMinor.toString(), object_id: told.object?.objectId },
    },
  });

async function claimObject(
  tx: ReconcilerTx,
  deps: Deps,
  { transactionId }: Subject,
  { objectId, objectType }: NonNullable<Expectation['object']>,
): Promise<void> {
  const object = await tx.lockObject(objectId, objectType);
  if (object.transactionId === null) await tx.putObject({ ...object, transactionId });
  else if (object.transactionId !== transactionId)
    await openCase(tx, deps, {
      cause: 'reference_mismatch',
      about: objectId,
      transactionId,
      objectId,
      evidence: { claimed_by: [object.transactionId, transactionId] },
    });
}
