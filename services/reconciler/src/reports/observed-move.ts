import type { Observation } from '#libs/contracts';

/** What a report calls the ways in which money moves between Revio and us. */
export type MoveKind = 'deposit' | 'withdrawal' | 'reversal' | 'payout_return';

/** Money that moved at Revio, as its own objects say: one per kind and object. Minor units without a sign; `kind` says which way. */
export interface ObservedMove {
  kind: MoveKind;
  objectId: string;
  reference: string;
  /** As sent; it may be none of ours. */
  currency: string;
  amountMinor: bigint;
  feeMinor: bigint;
  /** By Revio's clock. */
  movedAt: Date;
  /** Of the snapshot that says so: a newer one is believed. */
  updatedOn: Date;
  /** Whether a read of ours, and not only a delivery, has said so. */
  isRead: boolean;
}

/** Whose objects are ours at all. */
export interface Ours {
  brandId: string;
  isTest: boolean;
}

const paidStatuses = new Set(['paid', 'cleared', 'settled', 'pending_refund', 'refunded', 'chargeback']);

/** What an observation says to have moved, if anything: for the reports, beside whatever was decided upon it. */
export function observedMoveOf(observed: Observation, ours: Ours): ObservedMove | null {
  if (observed.object_type === 'absent') return null;
  if (observed.brand_id !== ours.brandId || observed.is_test !== ours.isTest) return null;
  switch (observed.object_type) {
    case 'purchase': {
      const { payment, status, status_history: history, marked_as_paid: isMarked } = observed;
      const everPaid = paidStatuses.has(status) || history.some((each) => paidStatuses.has(each));
      if (!everPaid || isMarked || payment === null || payment.is_outgoing) return null;
      return moved(observed, 'deposit', observed.updated_on, payment);
    }
    case 'payout':
      if (observed.status === 'success') return moved(observed, 'withdrawal', observed.updated_on, observed);
      // Only a read says that money came back, as in the rules; the store keeps it only where the payout had gone out before.
      return observed.status === 'error' && observed.source !== 'webhook'
        ? moved(observed, 'payout_return', observed.updated_on, observed)
        : null;
    case 'payment': {
      const isReversal = observed.payment_type === 'refund' || observed.payment_type === 'chargeback';
      if (!isReversal || !observed.is_outgoing || observed.status !== 'success') return null;
      return moved(observed, 'reversal', observed.created_on, observed);
    }
  }
}

type Seen = Exclude<Observation, { object_type: 'absent' }>;

const moved = (
  observed: Seen,
  kind: MoveKind,
  movedAt: string,
  money: { amount_minor: string; fee_minor?: string; currency: string },
): ObservedMove => ({
  kind,
  objectId: observed.object_id,
  reference: observed.reference,
  currency: money.currency,
  amountMinor: BigInt(money.amount_minor),
  feeMinor: BigInt(money.fee_minor ?? '0'),
  movedAt: new Date(movedAt),
  updatedOn: new Date(observed.updated_on),
  isRead: observed.source !== 'webhook',
});
