import type { Observation, PaymentObservation, PayoutObservation, PurchaseObservation } from '#libs/contracts';
import type { Known, Policy } from '../src/decision.ts';
import type { ReadPlan } from '../src/schedule.ts';
import { type Expected, newObject } from '../src/subject.ts';
import type { Verdict } from '../src/verdict.ts';

/** Values that tests begin with; each names only what it is about. Times are seconds after `start`. */

const start = Date.parse('2026-01-01T08:00:00.000Z');
export const at = (seconds: number): Date => new Date(start + seconds * 1000);
const iso = (seconds: number): string => at(seconds).toISOString();

export const depositId = 'dep_01KDZ0000000000000000DEP01';
export const withdrawalId = 'wd_01KDZ00000000000000000WD01';
export const userId = '3a0c5b1e-77a4-4c6e-9d0f-5b1f2f7f6a10';

export const policy: Policy = {
  brandId: 'our-brand',
  isTest: true,
  staleAfterMs: 300_000,
  skewMaxMs: 60_000,
  executeWindowMs: 1_200_000,
  executeWindowEnforced: true,
  payoutPendingMaxMs: 432_000_000,
  absencesMax: 3,
  failedReadsMax: 4,
  reversalGraceMs: 3_600_000,
  purchaseUndecidedMaxMs: 604_800_000,
};

export const plan: ReadPlan = {
  depositAfterMs: 3_600_000,
  depositDueMarginMs: 60_000,
  withdrawalAfterMs: 86_400_000,
  earlyStepsMs: [60_000, 120_000, 300_000],
  stepsMs: [900_000, 1_800_000],
  failedDepositAgesMs: [86_400_000, 259_200_000],
  completedDepositAgesMs: [86_400_000, 172_800_000],
  endedPayoutAgesMs: [86_400_000, 864_000_000],
};

export const deposit: Expected = {
  transactionId: depositId,
  kind: 'deposit',
  userId,
  currency: 'ZAR',
  amountMinor: 15_000n,
  objectId: 'purchase-1',
  requestedAt: at(0),
  dueAt: at(3600),
  executeSentAt: null,
};

export const withdrawal: Expected = {
  transactionId: withdrawalId,
  kind: 'withdrawal',
  userId,
  currency: 'ZAR',
  amountMinor: 6_000n,
  objectId: 'payout-1',
  requestedAt: at(0),
  dueAt: null,
  executeSentAt: at(2),
};

/** Seen `seconds` after the start, as Revio had it at the same second. */
const seen = (seconds: number, source: Observation['source']) => ({
  source,
  observed_at: iso(seconds),
  provider_date: source === 'webhook' ? null : iso(seconds),
  created_on: iso(0),
  updated_on: iso(seconds),
  is_test: true,
  brand_id: 'our-brand',
});

const paidStatuses = ['paid', 'cleared', 'settled', 'pending_refund', 'refunded', 'chargeback'];

export function purchase(
  status: string,
  changed: Partial<PurchaseObservation> = {},
  seconds = 60,
): PurchaseObservation {
  const isPaid = paidStatuses.includes(status);
  return {
    object_type: 'purchase',
    ...seen(seconds, changed.source ?? 'webhook'),
    object_id: 'purchase-1',
    reference: depositId,
    status,
    status_history: isPaid ? ['created', 'paid', status] : ['created', status],
    marked_as_paid: false,
    currency_converted: false,
    total_minor: '15000',
    total_currency: 'ZAR',
    payment: isPaid ? { is_outgoing: false, amount_minor: '15000', fee_minor: '435', currency: 'ZAR' } : null,
    ...changed,
  };
}

export const payout = (status: string, changed: Partial<PayoutObservation> = {}, seconds = 60): PayoutObservation => ({
  object_type: 'payout',
  ...seen(seconds, changed.source ?? 'webhook'),
  object_id: 'payout-1',
  reference: withdrawalId,
  status,
  amount_minor: '6000',
  currency: 'ZAR',
  ...changed,
});

export const refund = (changed: Partial<PaymentObservation> = {}, seconds = 120): PaymentObservation => ({
  object_type: 'payment',
  ...seen(seconds, changed.source ?? 'webhook'),
  created_on: iso(seconds),
  object_id: 'refund-1',
  reference: depositId,
  status: 'success',
  payment_type: 'refund',
  event_type: 'payment.refunded',
  is_outgoing: true,
  amount_minor: '5000',
  currency: 'ZAR',
  purchase_id: 'purchase-1',
  ...changed,
});

export const absent = (objectId: string, seconds = 60): Observation => ({
  object_type: 'absent',
  source: 'read',
  observed_at: iso(seconds),
  provider_date: iso(seconds),
  object_id: objectId,
});

const verdict = (changed: Partial<Verdict>, seconds: number): Verdict => ({
  slot: 'credit',
  sourceId: 'purchase-1',
  transactionId: depositId,
  outcome: 'settled',
  objectId: 'purchase-1',
  amountMinor: 15_000n,
  reason: 'paid',
  updatedOn: at(seconds),
  decidedAt: at(seconds),
  evidence: purchase('paid', {}, seconds),
  ...changed,
});

export const credited = (seconds = 60): Verdict => verdict({}, seconds);

export const reversed = (paymentId: string, amountMinor: bigint): Verdict =>
  verdict({ slot: 'reversal', sourceId: paymentId, outcome: 'refund', amountMinor }, 90);

export const failedAs = (outcome: 'failed' | 'expired' | 'cancelled'): Verdict =>
  verdict({ slot: 'failure', sourceId: `${depositId}:${outcome}`, outcome }, 30);

export const paidOut = (outcome: 'settled' | 'failed', seconds = 60): Verdict =>
  verdict(
    {
      slot: 'payout',
      sourceId: withdrawalId,
      transactionId: withdrawalId,
      outcome,
      objectId: 'payout-1',
      amountMinor: 6_000n,
    },
    seconds,
  );

export const cameBack = (seconds: number): Verdict => ({
  ...paidOut('settled', seconds),
  slot: 'return',
  sourceId: 'payout-1',
  outcome: 'returned',
});

/** Known are these verdicts, and of the object what is given. */
export const known = (
  verdicts: readonly Verdict[] = [],
  object: Partial<Known['object']> = {},
  reversalWaits = false,
): Known => ({
  verdicts,
  reversalWaits,
  object: { ...newObject('an-object', 'purchase'), ...object },
});
