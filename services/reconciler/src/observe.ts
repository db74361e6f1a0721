import type { Observation } from '#libs/contracts';
import { atPlace } from './at-place.ts';
import type { Deps } from './deps.ts';
import { observedMoveOf } from './reports/observed-move.ts';
import type { ProviderObject } from './subject.ts';
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
 * the locks of both, and written with what follows. Says whether a read is wanted.
 */
export async function observe(deps: Deps, seen: Seen): Promise<{ readWanted: boolean }> {
  const { observation, messageId, deliveryId = null } = seen;
  const decisions = await atPlace(deps, placeOf(seen), claimedBy(seen), async (tx, place) => {
    if (messageId !== undefined && !(await tx.claimMessage(messageId))) return [];
    const move = observedMoveOf(observation, deps.policy);
    if (move !== null) await tx.noteObservedMove(move);
    return weigh(tx, deps, place, { fresh: { observation, deliveryId } });
  });
  return { readWanted: decisions.some(({ kind }) => kind === 'read') };
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

/** Whose object it is by what was said of it: by payments, or by the reference that Revio echoes. */
export const claimedBy = ({ transactionId, observation }: Seen): string | null =>
  transactionId ?? ownReference(observation);

/** Our transaction id, if the reference that Revio echoes looks like one. */
const ownReference = (observation: Observation): string | null =>
  observation.object_type !== 'absent' && /^(dep|wd)_[0-9A-HJKMNP-TV-Z]{26}$/.test(observation.reference)
    ? observation.reference
    : null;
