import type { Currency } from '#libs/money';

type Kind = 'deposit' | 'withdrawal' | 'reversal';

/** `voiding`: ended for the user, but the hold is not back yet. It is shown as `processing`, and `hold-voided` ends it. */
export type Status = 'pending' | 'processing' | 'voiding' | 'completed' | 'failed' | 'expired' | 'cancelled';

/** What a worker does next with the row; null when nothing is left for it. */
export type Step = 'create_purchase' | 'place_hold' | 'submit_payout';

/** One row: amounts in minor units, all times by our clock except `dueAt`, which Revio was given. */
export interface Transaction {
  id: string;
  userId: string;
  kind: Kind;
  status: Status;
  /** Why it ended, or is ending, as a stable word; null while all is well. */
  reason: string | null;
  amountMinor: bigint;
  currency: Currency;
  /** The user's e-mail for Revio, sealed; null for a reversal, which asks Revio nothing. */
  emailSealed: string | null;
  nextStep: Step | null;
  /** The step belongs to whoever leased it until then; afterwards to anybody. */
  leasedUntil: Date | null;
  /** How often the present step was leased; it spaces the tries. */
  attempts: number;
  purchaseId: string | null;
  checkoutUrl: string | null;
  dueAt: Date | null;
  bankAccountId: string | null;
  /** Of a withdrawal that an admin has to approve: until then it is held and not paid out. Null where nobody has to. */
  approval: 'waiting' | 'approved' | 'rejected' | null;
  /** When the wallet said that it holds the amount. */
  reservedAt: Date | null;
  /** The one payout that may be executed. */
  payoutId: string | null;
  /** The intent: from here on a payout may have been executed, and nothing of ours may release the hold. */
  executeSentAt: Date | null;
  /** The deposit or withdrawal that a reversal turns back. */
  reversalOf: string | null;
  reversal: 'refund' | 'chargeback' | 'payout_return' | null;
  /** What a reversal is made of, once: the refund's or chargeback's Payment id, or the returned payout's id. */
  sourceId: string | null;
  /** Of the request that began it, and the trace that it began in (W3C Trace Context): what its workers do continues that one. */
  requestId: string | null;
  traceparent: string | null;
  createdAt: Date;
  updatedAt: Date;
}

export type NewId = (prefix: 'dep' | 'wd' | 'rev') => string;

export interface TimelineEntry {
  status: Status;
  reason: string | null;
  at: Date;
}

/** The fields that a new row leaves empty. */
export const unused = {
  reason: null,
  emailSealed: null,
  nextStep: null,
  leasedUntil: null,
  attempts: 0,
  purchaseId: null,
  checkoutUrl: null,
  dueAt: null,
  bankAccountId: null,
  approval: null,
  reservedAt: null,
  payoutId: null,
  executeSentAt: null,
  reversalOf: null,
  reversal: null,
  sourceId: null,
  requestId: null,
  traceparent: null,
} as const satisfies Partial<Transaction>;
