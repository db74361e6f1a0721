import type { EventData, EventType, Observation } from '#libs/contracts';
import type { Decision } from './decision.ts';
import type { Expected } from './subject.ts';

/**
 * What can be decided only once, and of what: one credit per purchase, one final word per withdrawal, one reversal per refund or
 * chargeback Payment, one return per payout, and each way a deposit can fail. UNIQUE (slot, source_id) in the database.
 */
type Slot = 'credit' | 'payout' | 'reversal' | 'return' | 'failure';

type Outcome = 'settled' | 'failed' | 'expired' | 'cancelled' | 'refund' | 'chargeback' | 'returned';

export interface Verdict {
  slot: Slot;
  sourceId: string;
  transactionId: string;
  outcome: Outcome;
  /** The purchase or payout that it is about. */
  objectId: string;
  amountMinor: bigint;
  reason: string;
  /** Revio's own time of the snapshot that decided. */
  updatedOn: Date;
  decidedAt: Date;
  /** The observation that decided: ids, statuses and amounts only. */
  evidence: Observation;
}

/** The decisions that move money or end a deposit. */
export type Ruling = Extract<Decision, { kind: 'settle' | 'fail' | 'reverse' | 'return' }>;

export const isRuling = (decision: Decision): decision is Ruling =>
  decision.kind === 'settle' || decision.kind === 'fail' || decision.kind === 'reverse' || decision.kind === 'return';

type Seen = Exclude<Observation, { object_type: 'absent' }>;

export function verdictOf(ruling: Ruling, expected: Expected, seen: Seen, decidedAt: Date): Verdict {
  const { transactionId, kind } = expected;
  const common = { transactionId, decidedAt, updatedOn: new Date(seen.updated_on), evidence: seen };
  const whole = { ...common, objectId: seen.object_id, amountMinor: expected.amountMinor };
  switch (ruling.kind) {
    case 'settle':
      return kind === 'deposit'
        ? { ...whole, slot: 'credit', sourceId: seen.object_id, outcome: 'settled', reason: 'paid' }
        : { ...whole, slot: 'payout', sourceId: transactionId, outcome: 'settled', reason: 'paid_out' };
    case 'fail':
      return kind === 'deposit'
        ? {
            ...whole,
            slot: 'failure',
            sourceId: `${transactionId}:${ruling.status}`,
            outcome: ruling.status,
            reason: ruling.reason,
          }
        : { ...whole, slot: 'payout', sourceId: transactionId, outcome: 'failed', reason: ruling.reason };
    case 'reverse':
      return {
        ...common,
        slot: 'reversal',
        sourceId: seen.object_id,
        outcome: ruling.reversal,
        objectId: ruling.purchaseId,
        amountMinor: ruling.amountMinor,
        reason: ruling.reversal,
      };
    case 'return':
      return { ...whole, slot: 'return', sourceId: seen.object_id, outcome: 'returned', reason: 'paid_back' };
  }
}

type Announcement = { [T in EventType]: { type: T; data: EventData<T> } }[EventType];

/** The event that tells a verdict to those who act on it: the wallet, or for a failed deposit payments. */
export function announcementOf(verdict: Verdict, expected: Expected): Announcement {
  const { objectId, outcome, reason } = verdict;
  const transaction = {
    transaction_id: verdict.transactionId,
    user_id: expected.userId,
    currency: expected.currency,
    amount_minor: verdict.amountMinor.toString(),
  };
  const purchase = { ...transaction, purchase_id: objectId };
  const payout = { ...transaction, payout_id: objectId };
  switch (outcome) {
    case 'refund':
    case 'chargeback':
      return {
        type: 'reconciler.deposit-reversed.v1',
        data: { ...purchase, payment_id: verdict.sourceId, reversal: outcome },
      };
    case 'returned':
      return { type: 'reconciler.payout-returned.v1', data: payout };
    case 'settled':
      return verdict.slot === 'credit'
        ? { type: 'reconciler.deposit-settled.v1', data: purchase }
        : { type: 'reconciler.payout-settled.v1', data: payout };
    case 'failed':
    case 'expired':
    case 'cancelled':
      return verdict.slot === 'payout'
        ? { type: 'reconciler.payout-failed.v1', data: { ...payout, reason } }
        : { type: 'reconciler.deposit-failed.v1', data: { ...transaction, status: outcome, reason } };
  }
}
