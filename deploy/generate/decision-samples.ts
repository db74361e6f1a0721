import type { Observation, PaymentObservation, PayoutObservation, PurchaseObservation } from '#libs/contracts';
import type { Known, Policy } from '../../services/reconciler/src/decision.ts';
import { type Expected, newObject } from '../../services/reconciler/src/subject.ts';
import type { Verdict } from '../../services/reconciler/src/verdict.ts';

/** One deposit of 150.00 and one withdrawal of 60.00, of which the tables of docs/decisions.md tell every ending. */

const startMs = Date.parse('2026-01-01T08:00:00Z');
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const at = (ms: number): Date => new Date(startMs + ms);
const iso = (ms: number): string => at(ms).toISOString();
const depositId = 'dep_01KDZ0000000000000000DEP01';
const withdrawalId = 'wd_01KDZ00000000000000000WD01';
const userId = '3a0c5b1e-77a4-4c6e-9d0f-5b1f2f7f6a10';

/** As a service decides that was configured with nothing (docs/settings.md). */
export const policy: Policy = {
  brandId: 'ours',
  isTest: false,
  staleAfterMs: 5 * minuteMs,
  skewMaxMs: minuteMs,
  executeWindowMs: 20 * minuteMs,
  executeWindowEnforced: false,
  payoutPendingMaxMs: 5 * dayMs,
  absencesMax: 3,
  failedReadsMax: 8,
  reversalGraceMs: hourMs,
  purchaseUndecidedMaxMs: 7 * dayMs,
};

export const deposit: Expected = {
  transactionId: depositId,
  kind: 'deposit',
  userId,
  currency: 'ZAR',
  amountMinor: 15_000n,
  objectId: 'purchase-1',
  requestedAt: at(0),
  dueAt: at(hourMs),
  executeSentAt: null,
};
export const withdrawal: Expected = {
  ...deposit,
  transactionId: withdrawalId,
  kind: 'withdrawal',
  amountMinor: 6_000n,
  objectId: 'payout-1',
  dueAt: null,
  executeSentAt: at(0),
};

/** Verdicts fall after ten minutes; what is told comes an hour later and so was surely made since. */
const decidedMs = 10 * minuteMs;
const toldMs = 70 * minuteMs;

const provenance = (source: Observation['source']) => ({
  source,
  observed_at: iso(toldMs),
  provider_date: source === 'webhook' ? null : iso(toldMs),
});

const object = (source: Observation['source'], reference: string) => ({
  ...provenance(source),
  reference,
  created_on: iso(0),
  updated_on: iso(toldMs),
  is_test: false,
  brand_id: 'ours',
});

export const money = { is_outgoing: false, amount_minor: '15000', fee_minor: '435', currency: 'ZAR' };
const paidStatuses = ['paid', 'cleared', 'settled', 'pending_refund', 'refunded', 'chargeback'];

export function purchase(status: string, source: Observation['source']): PurchaseObservation {
  const isPaid = paidStatuses.includes(status);
  return {
    object_type: 'purchase',
    ...object(source, depositId),
    object_id: 'purchase-1',
    status,
    status_history: isPaid ? ['created', 'paid', status] : ['created', status],
    marked_as_paid: false,
    currency_converted: false,
    total_minor: '15000',
    total_currency: 'ZAR',
    payment: isPaid ? money : null,
  };
}

export const payout = (status: string, source: Observation['source']): PayoutObservation => ({
  object_type: 'payout',
  ...object(source, withdrawalId),
  object_id: 'payout-1',
  status,
  amount_minor: '6000',
  currency: 'ZAR',
});

export const refund = (changed: Partial<PaymentObservation> = {}): PaymentObservation => ({
  object_type: 'payment',
  ...object('webhook', depositId),
  created_on: iso(toldMs),
  object_id: 'refund-1',
  status: 'success',
  payment_type: 'refund',
  event_type: 'payment.refunded',
  is_outgoing: true,
  amount_minor: '5000',
  currency: 'ZAR',
  purchase_id: 'purchase-1',
  ...changed,
});

export const absent: Observation = { object_type: 'absent', ...provenance('read'), object_id: 'purchase-1' };

/** Older than five minutes at its receipt. */
export const stale = { updated_on: iso(toldMs - hourMs) };
/** More than a minute ahead of our clock. */
export const ahead = { updated_on: iso(toldMs + 2 * minuteMs) };
/** Within the hour in which the Payment of a refund may still come. */
export const longAgo = { updated_on: iso(toldMs - 2 * hourMs) };
export const afterAWeek = { observed_at: iso(8 * dayMs + hourMs) };
export const afterFiveDays = { observed_at: iso(6 * dayMs) };
export const withinTheWindow = { observed_at: iso(15 * minuteMs), provider_date: iso(15 * minuteMs) };
export const undated = { provider_date: null };

const verdict = (changed: Partial<Verdict>): Verdict => ({
  slot: 'credit',
  sourceId: 'purchase-1',
  transactionId: depositId,
  outcome: 'settled',
  objectId: 'purchase-1',
  amountMinor: 15_000n,
  reason: 'paid',
  updatedOn: at(decidedMs),
  decidedAt: at(decidedMs),
  evidence: absent,
  ...changed,
});
export const credited = verdict({});
export const endedAs = (outcome: 'failed' | 'expired' | 'cancelled'): Verdict =>
  verdict({ slot: 'failure', sourceId: `${depositId}:${outcome}`, outcome });
export const reversed = (paymentId: string, amountMinor: bigint): Verdict =>
  verdict({ slot: 'reversal', sourceId: paymentId, outcome: 'refund', amountMinor });
const ofPayout = { transactionId: withdrawalId, objectId: 'payout-1', amountMinor: 6_000n } as const;
export const paidOut = verdict({ ...ofPayout, slot: 'payout', sourceId: withdrawalId });
/** Two people have said so of what Revio had left open: as an unexecuted payout, or as one that is under way. */
export const calledExecuted = (status: 'initialized' | 'pending'): Verdict =>
  verdict({ ...paidOut, reason: 'executed', evidence: payout(status, 'read') });
export const released = verdict({ ...ofPayout, slot: 'payout', sourceId: withdrawalId, outcome: 'failed' });
export const cameBack = verdict({ ...ofPayout, slot: 'return', sourceId: 'payout-1', outcome: 'returned' });

/** Known are these verdicts; `object` and `reversalWaits` where a row is about them. */
export const known = (verdicts: readonly Verdict[], more: Partial<Known['object']> = {}, waits = false): Known => ({
  verdicts,
  reversalWaits: waits,
  object: {
    ...newObject('an-object', 'purchase'),
    lastUpdatedOn: verdicts.length > 0 ? at(decidedMs) : null,
    ...more,
  },
});
