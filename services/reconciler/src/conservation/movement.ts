import type { Observation, PaymentObservation } from '#libs/contracts';
import type { Decision, Policy } from '../decision.ts';
import { everPaid } from '../rules/purchase-rules.ts';

/** Named as the ledger names the posting that must stand beside it. */
export type MovementKind = 'credit' | 'settlement' | 'reversal' | 'payout-return';

/** Money that moved at Revio, as its own object says: one per object and direction. */
export type Movement = {
  objectId: string;
  kind: MovementKind;
  /** As Revio writes them. */
  currency: string;
  amountMinor: bigint;
};

/**
 * The movement of money that an observation tells of, whatever was decided about it: what we failed to act upon must be found all the
 * same. Null where nothing moved, or where the object is not ours. The decision says two things that the observation alone does not: that
 * an error is money which came back, and that a newer word has superseded this one.
 */
export function movementOf(
  decision: Decision,
  observed: Observation,
  { brandId, isTest }: Pick<Policy, 'brandId' | 'isTest'>,
): Movement | null {
  if (observed.object_type === 'absent' || observed.brand_id !== brandId || observed.is_test !== isTest) return null;
  if (decision.kind === 'ignore' && decision.reason === 'superseded') return null;
  const { object_id: objectId } = observed;
  if (observed.object_type === 'purchase') {
    const { payment } = observed;
    if (payment === null || payment.is_outgoing || observed.marked_as_paid || !everPaid(observed)) return null;
    return { objectId, kind: 'credit', currency: payment.currency, amountMinor: BigInt(payment.amount_minor) };
  }
  const moved = { objectId, currency: observed.currency, amountMinor: BigInt(observed.amount_minor) };
  if (observed.object_type === 'payment') return wentBack(observed) ? { ...moved, kind: 'reversal' } : null;
  if (decision.kind === 'return') return { ...moved, kind: 'payout-return' };
  return observed.status === 'success' ? { ...moved, kind: 'settlement' } : null;
}

const reversals = new Set(['payment.refunded', 'payment.charged_back']);

/** A chargeback that the bank took back comes in: a case, and no posting of ours has its shape. */
const wentBack = ({ event_type, payment_type, status, is_outgoing }: PaymentObservation): boolean =>
  status === 'success' &&
  is_outgoing &&
  event_type !== 'payment.chargeback_reversed' &&
  (reversals.has(event_type ?? '') || payment_type === 'refund' || payment_type === 'chargeback');
