import type { Observation } from '#libs/contracts';
import type { Deps } from './deps.ts';
import type { ReconcilerTx } from './reconciler-store.ts';
import type { ProviderObject, Subject } from './subject.ts';
import { weigh } from './weigh.ts';

export interface Seen {
  observation: Observation;
  /** Of the message that brought it. Without one (a read of the sweep) a repeat decides the same again, which changes nothing. */
  messageId?: string;
  deliveryId?: string;
  /** Whose object it is, where payments says so. */
  transactionId?: string;
}

/**
 * The one door for provider truth (REQUIREMENTS R1): webhook, answer and read are all matched against what we expect, decided under
 * the locks of both, and written with what follows. Says whether a read is wanted now.
 */
export async function observe(deps: Deps, seen: Seen): Promise<{ readWanted: boolean }> {
  const { observation, messageId, deliveryId = null } = seen;
  const decisions = await deps.transact(
    async (tx) => {
      if (messageId !== undefined && !(await tx.claimMessage(messageId))) return [];
      const place = await lockPlace(tx, placeOf(seen), seen.transactionId ?? ownReference(observation));
      return weigh(tx, deps, place, { fresh: { observation, deliveryId } });
    },
    { onUnknownCommit: 'rerun' },
  );
  for (const decision of decisions) deps.decided?.(decision);
  return { readWanted: decisions[0]?.kind === 'read' };
}

/** Locks an object's row and before it that of its transaction, which is `claimedBy` unless it is known better. */
export async function lockPlace(
  tx: ReconcilerTx,
  { objectId, objectType }: Pick<ProviderObject, 'objectId' | 'objectType'>,
  claimedBy: string | null,
): Promise<{ subject: Subject | null; object: ProviderObject }> {
  const transactionId = (await tx.transactionOf(objectId)) ?? claimedBy;
  const subject = transactionId === null ? null : await tx.lockSubject(transactionId);
  const object = await tx.lockObject(objectId, objectType);
  if (object.transactionId === null || object.transactionId === transactionId)
    return { subject, object: { ...object, transactionId } };
  // Between the look and the lock an expectation has claimed the object. This lock comes in the wrong order; should that ever meet
  // its opposite, PostgreSQL sees the circle and one of the two transactions runs again.
  return { subject: await tx.lockSubject(object.transactionId), object };
}

/** The object that all speak of: a refund or chargeback belongs to its purchase. */
function placeOf({ observation, transactionId }: Seen): Pick<ProviderObject, 'objectId' | 'objectType'> {
  switch (observation.object_type) {
    case 'payment':
      return observation.purchase_id === null
        ? { objectId: observation.object_id, objectType: 'payment' }
        : { objectId: observation.purchase_id, objectType: 'purchase' };
    case 'absent':
      return {
        objectId: observation.object_id,
        objectType: transactionId?.startsWith('wd_') ? 'payout' : 'purchase',
      };
    default:
      return { objectId: observation.object_id, objectType: observation.object_type };
  }
}

/** Our transaction id, if the reference that Revio echoes looks like one. */
const ownReference = (observation: Observation): string | null =>
  observation.object_type !== 'absent' && /^(dep|wd)_[0-9A-HJKMNP-TV-Z]{26}$/.test(observation.reference)
    ? observation.reference
    : null;
