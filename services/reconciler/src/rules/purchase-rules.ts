import type { PurchaseObservation } from '#libs/contracts';
import type { Decision, Known, Policy } from '../decision.ts';
import type { Expected } from '../subject.ts';
import type { Verdict } from '../verdict.ts';
import { caseOf, fail, ignore, park, read, settle } from './rulings.ts';
import { confirmByRead, isOlder, isReadSince } from './trust.ts';

type Failure = { status: 'failed' | 'expired' | 'cancelled'; reason: string };

/** What each of Revio's purchase statuses means while nothing was paid (REVIO.md §3). Those of money are in `paidStatuses`. */
const unpaid: Record<string, Failure | string> = {
  created: 'payable',
  sent: 'payable',
  viewed: 'payable',
  overdue: 'payable',
  pending_execute: 'undecided',
  pending_charge: 'undecided',
  // Reserved on the card, not paid. We never ask for it, and nothing of it is money.
  hold: 'not_captured',
  preauthorized: 'not_captured',
  pending_capture: 'not_captured',
  pending_release: 'not_captured',
  released: { status: 'failed', reason: 'payment_released' },
  error: { status: 'failed', reason: 'payment_failed' },
  blocked: { status: 'failed', reason: 'payment_blocked' },
  expired: { status: 'expired', reason: 'purchase_expired' },
  cancelled: { status: 'cancelled', reason: 'purchase_cancelled' },
};

const returning = new Set(['pending_refund', 'refunded', 'chargeback']);
const paidStatuses = new Set(['paid', 'cleared', 'settled', ...returning]);

/** Once paid is always paid: what is returned later is returned by a Payment of its own. */
export const everPaid = (observed: PurchaseObservation): boolean =>
  paidStatuses.has(observed.status) || observed.status_history.includes('paid');

export const isReturning = (status: string | null): boolean => status !== null && returning.has(status);

/** What follows from a snapshot of a purchase that is ours and trusted (REVIO.md §3, REQUIREMENTS M7). */
export function decidePurchase(
  expected: Expected,
  observed: PurchaseObservation,
  known: Known,
  policy: Policy,
): Decision {
  const credit = known.verdicts.find(({ slot, sourceId }) => slot === 'credit' && sourceId === observed.object_id);
  if (credit !== undefined) return afterCredit(expected, observed, known, credit, policy);
  // Also for another purchase than the one the user was shown, and after any failure: what was paid is real money (M7).
  if (everPaid(observed)) return creditOrCase(expected, observed, known, policy);
  return decideUnpaid(expected, observed, known, policy);
}

/** Credit only if every condition of REVIO.md §3 holds; the others of that list are checked in trust.ts. */
function creditOrCase(expected: Expected, observed: PurchaseObservation, known: Known, policy: Policy): Decision {
  const wrong = whyNoCredit(expected.currency, expected.amountMinor, observed);
  if (wrong !== null) return caseOf(wrong, wentBackMinor(observed)?.toString());
  return returning.has(observed.status) && !known.reversalWaits ? awaitReversal(observed, known, policy) : settle;
}

function whyNoCredit(
  currency: string,
  amountMinor: bigint,
  { payment, ...observed }: PurchaseObservation,
): string | null {
  if (observed.marked_as_paid) return 'marked_as_paid';
  if (payment === null) return 'paid_without_payment';
  if (payment.is_outgoing) return 'payment_outgoing';
  if (observed.currency_converted) return 'currency_converted';
  if (payment.currency !== currency) return 'currency_mismatch';
  return BigInt(payment.amount_minor) === amountMinor ? null : 'amount_mismatch';
}

/** How much of what was paid has gone back, as far as the purchase itself says; null where it says nothing of it. */
function wentBackMinor({ status, payment, refundable_minor: left }: PurchaseObservation): bigint | null {
  if (!returning.has(status) || payment === null || left === null || left === undefined) return null;
  return BigInt(payment.amount_minor) - BigInt(left);
}

/**
 * Money that has gone back, seen before it was credited: a credit of it alone could be spent at once. It is made with its reversal, as
 * soon as the Payment comes; that tells how much went back and under which id, so the rest of a refund in part stays the user's.
 */
function awaitReversal(observed: PurchaseObservation, known: Known, policy: Policy): Decision {
  const reason = 'reversal_without_payment';
  if (observed.source === 'webhook') return confirmByRead(observed, known.object, policy, reason);
  return isInGrace(observed, policy) ? read(reason) : caseOf(reason, wentBackMinor(observed)?.toString());
}

const isInGrace = (observed: PurchaseObservation, { reversalGraceMs }: Policy): boolean =>
  Date.parse(observed.observed_at) - Date.parse(observed.updated_on) < reversalGraceMs;

function afterCredit(
  expected: Expected,
  observed: PurchaseObservation,
  known: Known,
  credit: Verdict,
  policy: Policy,
): Decision {
  if (!everPaid(observed)) {
    if (isReadSince(observed, credit.decidedAt, policy)) return caseOf('credit_denied');
    const { lastUpdatedOn } = known.object;
    // Seconds are all that Revio's times have: what is not later than the payment is what went before it.
    if (lastUpdatedOn !== null && Date.parse(observed.updated_on) <= lastUpdatedOn.getTime())
      return ignore('superseded');
    if (observed.source === 'webhook') return confirmByRead(observed, known.object, policy, 'contradicts_credit');
    return caseOf('credit_denied');
  }
  if (!returning.has(observed.status)) return contradictsCredit(expected, observed, known, credit, policy);
  const missing = unreversedMinor(observed, known);
  if (missing === 0n) return ignore('already_credited');
  // The Payment tells how much went back and under which id; without it nobody can post a reversal exactly once.
  return observed.source === 'webhook' || isInGrace(observed, policy)
    ? ignore('reversal_expected')
    : caseOf('reversal_without_payment', missing?.toString());
}

/** Paid, but not so that it would have been credited: what was believed first was wrong, unless people knew and credited it so. */
function contradictsCredit(
  { currency }: Expected,
  observed: PurchaseObservation,
  { object }: Known,
  credit: Verdict,
  policy: Policy,
): Decision {
  const isSame = credit.reason !== 'paid' || whyNoCredit(currency, credit.amountMinor, observed) === null;
  if (isSame || isOlder(observed, object.lastUpdatedOn)) return ignore('already_credited');
  if (observed.source === 'webhook') return confirmByRead(observed, object, policy, 'contradicts_credit');
  return caseOf('credit_denied');
}

/** What went back and was not reversed: the Payment of the first refund explains no second one. Null where it cannot be known. */
function unreversedMinor(observed: PurchaseObservation, { verdicts }: Known): bigint | null {
  const reversals = verdicts.filter(({ slot, objectId }) => slot === 'reversal' && objectId === observed.object_id);
  const reversed = reversals.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
  const wentBack = wentBackMinor(observed);
  if (wentBack === null) return reversals.length > 0 ? 0n : null;
  return wentBack > reversed ? wentBack - reversed : 0n;
}

function decideUnpaid(expected: Expected, observed: PurchaseObservation, known: Known, policy: Policy): Decision {
  const meaning = (Object.hasOwn(unpaid, observed.status) && unpaid[observed.status]) || 'unknown_status';
  if (meaning === 'unknown_status' && observed.payment !== null) return caseOf(meaning);
  if (typeof meaning === 'string')
    return isForgotten(expected, observed, known, policy) ? caseOf('purchase_undecided') : ignore(meaning);
  if (expected.objectId === null) return park('purchase_not_known');
  if (expected.objectId !== observed.object_id) return ignore('not_its_purchase');
  if (isOlder(observed, known.object.lastUpdatedOn)) return ignore('superseded');
  const told = known.verdicts.some(({ slot, outcome }) => slot === 'failure' && outcome === meaning.status);
  // A credit through another purchase of this deposit stands: that this one is unpaid ends nothing.
  const credited = known.verdicts.some(({ slot }) => slot === 'credit');
  return told || credited ? ignore('already_told') : fail(meaning.status, meaning.reason);
}

/** Still neither paid nor ended, as a read says, long after nobody could pay any more; nothing else has decided the deposit. */
function isForgotten(expected: Expected, observed: PurchaseObservation, { verdicts }: Known, policy: Policy): boolean {
  const payableUntil = expected.dueAt ?? expected.requestedAt;
  const overdueMs = Date.parse(observed.observed_at) - payableUntil.getTime();
  const isRead = observed.source === 'read' && expected.objectId === observed.object_id;
  return isRead && overdueMs > policy.purchaseUndecidedMaxMs && verdicts.length === 0;
}
