import type { Observation } from '#libs/contracts';
import type { Currency } from '#libs/money';

/**
 * What this service asks of a payment provider. Answers are data: none of these throws for anything that the provider or the network
 * does. The payout side is `prepare (createPayout) / execute / read`, with room for Revio's EFT rail behind it (REVIO.md section 4).
 */
export interface Provider {
  createPurchase(order: PurchaseOrder): Promise<Created<CreatedPurchase>>;
  /** Best effort: "guaranteed it won't be paid" if it is true. */
  cancelPurchase(purchaseId: string): Promise<boolean>;
  createPayout(order: PayoutOrder): Promise<Created<CreatedPayout>>;
  /** The one call that moves money. Its answer proves nothing: read the payout (REVIO.md section 4). */
  executePayout(executionUrl: string, payee: Payee): Promise<Executed>;
  readPurchase(purchaseId: string): Promise<ReadAnswer>;
  readPayout(payoutId: string): Promise<ReadAnswer>;
}

export interface PurchaseOrder {
  /** Our transaction id. */
  reference: string;
  amountMinor: bigint;
  currency: Currency;
  email: string;
  /** Whole seconds: Revio knows no smaller ones. */
  dueAt: Date;
}

export interface PayoutOrder {
  reference: string;
  amountMinor: bigint;
  currency: Currency;
  email: string;
  payee: Payee;
}

export interface Payee {
  holder: string;
  accountNumber: string;
  bankCode: string;
  bankName: string | null;
}

export interface CreatedPurchase {
  id: string;
  checkoutUrl: string;
}

interface CreatedPayout {
  id: string;
  executionUrl: string;
  createdOn: Date;
}

/** Nobody can say what happened, or nothing did; either way it is nobody's failure yet. */
export interface Unavailable {
  kind: 'unavailable';
  cause: UnavailableCause;
  /** How long the provider asked us to wait; null if it did not. */
  retryAfterMs: number | null;
}

/** `unusable`: it answered 2xx with something that is not what we asked for. */
export const unavailableCauses = [
  'unauthorized',
  'not_found',
  'rate_limited',
  'refused',
  'server_error',
  'redirect',
  'timeout',
  'network',
  'breaker_open',
  'overloaded',
  'too_large',
  'unusable',
] as const;
export type UnavailableCause = (typeof unavailableCauses)[number];

/** Told of each call that the provider could not or would not answer, for the metrics. */
export type NoteUnavailable = (
  operation: 'create_purchase' | 'create_payout' | 'read',
  unavailable: Unavailable,
) => void;

/** `rejected`: 400 or 422, the order itself is wrong and will stay so. */
export type Created<Thing> = { kind: 'created'; created: Thing } | { kind: 'rejected'; code: string } | Unavailable;

/** `not_sent`: the URL is not one of the provider's, so it was not called. */
type Executed =
  | { kind: 'answered'; status: number }
  | { kind: 'unknown'; cause: UnavailableCause }
  | { kind: 'not_sent' };

/** An authenticated read of that very id: the object, or its absence (404). */
export type ReadAnswer = { kind: 'read'; observation: Observation } | Unavailable;
