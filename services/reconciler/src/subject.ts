import type { Currency } from '#libs/money';

/** What we wait for: one row per transaction of ours. Made by whoever speaks of the transaction first, so all but the id may be null. */
export interface Subject {
  transactionId: string;
  userId: string | null;
  currency: Currency | null;
  amountMinor: bigint | null;
  /** The purchase that the user was shown, or the payout whose execution was intended. Null until payments told us. */
  objectId: string | null;
  requestedAt: Date | null;
  /** Deposits: when the purchase stops being payable. */
  dueAt: Date | null;
  /** Withdrawals: when payments wrote down that it would execute. */
  executeSentAt: Date | null;
  endedAt: Date | null;
  endedAs: Ending | null;
  /** When a case was opened because no object of Revio's ever turned up for it. */
  reportedAt: Date | null;
  /** The trace that it began in (W3C Trace Context), as payments' first message told it. */
  traceparent: string | null;
}

export type Ending = 'completed' | 'failed' | 'expired' | 'cancelled';

/** A subject that payments has told us of: what a deposit or withdrawal must look like at Revio. */
export interface Expected {
  transactionId: string;
  kind: 'deposit' | 'withdrawal';
  userId: string;
  currency: Currency;
  amountMinor: bigint;
  objectId: string | null;
  requestedAt: Date;
  dueAt: Date | null;
  executeSentAt: Date | null;
}

/** What we know of one object of Revio's, and when to read it again. */
export interface ProviderObject {
  objectId: string;
  /** `payment` only where a refund or chargeback names no purchase. */
  objectType: 'purchase' | 'payout' | 'payment';
  transactionId: string | null;
  /** The newest snapshot by Revio's own `updated_on`, however it came. */
  lastStatus: string | null;
  lastUpdatedOn: Date | null;
  /** The newest authenticated read or answer; `absent` for a 404, which has no `updated_on`. */
  readStatus: string | null;
  readUpdatedOn: Date | null;
  readAt: Date | null;
  /** Reads in a row that found nothing. */
  absences: number;
  /** Reads since it is waited for: how far the backoff has come. */
  reads: number;
  /** Reads in a row that failed, of this object alone as far as one can tell, and when the last one did. */
  failedReads: number;
  readFailedAt: Date | null;
  nextReadAt: Date | null;
}

export const newSubject = (transactionId: string): Subject => ({
  transactionId,
  userId: null,
  currency: null,
  amountMinor: null,
  objectId: null,
  requestedAt: null,
  dueAt: null,
  executeSentAt: null,
  endedAt: null,
  endedAs: null,
  reportedAt: null,
  traceparent: null,
});

export const newObject = (objectId: string, objectType: ProviderObject['objectType']): ProviderObject => ({
  objectId,
  objectType,
  transactionId: null,
  lastStatus: null,
  lastUpdatedOn: null,
  readStatus: null,
  readUpdatedOn: null,
  readAt: null,
  absences: 0,
  reads: 0,
  failedReads: 0,
  readFailedAt: null,
  nextReadAt: null,
});

const kinds = { dep: 'deposit', wd: 'withdrawal' } as const;

/** The expectation, or null while only observations have named this transaction. */
export function expectedOf(subject: Subject | null): Expected | null {
  if (subject === null) return null;
  const { transactionId, userId, currency, amountMinor, requestedAt } = subject;
  const kind = kinds[transactionId.split('_')[0] as keyof typeof kinds];
  if (kind === undefined || userId === null || currency === null || amountMinor === null || requestedAt === null)
    return null;
  const { objectId, dueAt, executeSentAt } = subject;
  return { transactionId, kind, userId, currency, amountMinor, objectId, requestedAt, dueAt, executeSentAt };
}
