import type { Observation, PaymentObservation } from '#libs/contracts';
import type { Decision, Policy } from '../decision.ts';
import type { Expected, ProviderObject } from '../subject.ts';
import { ignore, read } from './rulings.ts';

type Seen = Exclude<Observation, { object_type: 'absent' }>;
type Snapshot = Exclude<Seen, PaymentObservation>;

const typeOf = { deposit: ['purchase', 'payment'], withdrawal: ['payout'] } as const;

/** Why this cannot be about what we expect, whatever it says: nothing of it may move our books. */
export function notOurs(expected: Expected, observed: Seen, policy: Policy): string | null {
  if (!typeOf[expected.kind].some((type) => type === observed.object_type)) return 'wrong_object_type';
  if (observed.is_test !== policy.isTest) return 'test_mode_mismatch';
  if (observed.brand_id !== policy.brandId) return 'foreign_brand';
  // A refund of a purchase that somebody else made with our brand carries no reference, or theirs.
  if (observed.reference !== '' && observed.reference !== expected.transactionId) return 'reference_mismatch';
  return null;
}

/**
 * Why a delivery alone proves nothing (REQUIREMENTS W2): the plain scheme signs no send time, so an old snapshot can be replayed
 * for ever. The timestamped scheme signs it, and webhooks lets nothing older than five minutes through. Reads and answers are of now
 * and authenticated: their times are not doubted.
 */
export function oddity(observed: Seen, policy: Policy): string | null {
  if (observed.source !== 'webhook') return null;
  const ageMs = Date.parse(observed.observed_at) - Date.parse(observed.updated_on);
  if (ageMs > policy.staleAfterMs && observed.scheme !== 'timestamped') return 'stale_snapshot';
  return ageMs < -policy.skewMaxMs ? 'snapshot_from_the_future' : null;
}

/** A delivery that only triggers a read, or nothing any more once a read knows as much; null if it can be taken at its word. */
export function untrusted(observed: Snapshot, object: ProviderObject, policy: Policy): Decision | null {
  const reason = oddity(observed, policy);
  return reason === null ? null : confirmByRead(observed, object, policy, reason);
}

/** Read it fresh, unless a read has been made since that knows at least as much. */
export const confirmByRead = (observed: Snapshot, object: ProviderObject, policy: Policy, reason: string): Decision =>
  readSince(observed, object, policy) ? ignore('superseded_by_read') : read(reason);

/**
 * Whether a read has told at least what this delivery tells. By Revio's own `updated_on`, which needs no two clocks of ours to
 * agree; where both fall into the same second and differ, only a read that is later by more than our clocks can be apart is one. One that
 * found nothing tells nothing: an object that was signed for exists, and Revio can be slow to show it.
 */
function readSince(observed: Snapshot, object: ProviderObject, policy: Policy): boolean {
  if (object.readAt === null) return false;
  const isShown = object.readStatus !== 'absent';
  if (isShown && object.readAt.getTime() > Date.parse(observed.observed_at) + policy.skewMaxMs) return true;
  if (object.readUpdatedOn === null) return false;
  const aheadMs = object.readUpdatedOn.getTime() - Date.parse(observed.updated_on);
  return aheadMs > 0 || (aheadMs === 0 && object.readStatus === observed.status);
}

/**
 * A read that was surely made after this was decided: by more than an answer is under way and our clocks can be apart. It shows what is
 * true now, whatever its `updated_on` says, so that a word that should never have been believed is not believed for ever.
 */
export const isReadSince = (observed: Seen, decidedAt: Date, policy: Policy): boolean =>
  observed.source === 'read' && Date.parse(observed.observed_at) > decidedAt.getTime() + policy.skewMaxMs;

/** An older snapshot than one that we have seen: it came late. Two of the same second have no order. */
export const isOlder = (observed: Seen, than: Date | null): boolean =>
  than !== null && Date.parse(observed.updated_on) < than.getTime();
