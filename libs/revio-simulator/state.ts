import type { PayoutRequest, PurchaseRequest } from './request-schemas.ts';

// The ground truth. Plain records, so that the state file is these very values; amounts are safe integers in minor units,
// checked where they enter (request-schemas.ts), because that is what the wire and the state file carry.

export type PurchaseStatus =
  | 'created'
  | 'viewed'
  | 'pending_execute'
  | 'error'
  | 'overdue'
  | 'expired'
  | 'cancelled'
  | 'paid'
  | 'refunded'
  | 'chargeback';
export type PayoutStatus = 'initialized' | 'pending' | 'success' | 'error';

type History<Status> = { status: Status; timestamp: number }[];
export type Failure = { code: string; message: string };
export type Card = { number: string; holder: string; expiryMonth: number; expiryYear: number };

type Base<Status> = {
  id: string;
  /** Position in the order of creation, over all kinds; the last digits of `reference_generated`. */
  sequence: number;
  status: Status;
  history: History<Status>;
  createdAtS: number;
  updatedAtS: number;
};

export type Purchase = Base<PurchaseStatus> & {
  request: PurchaseRequest;
  clientId: string;
  clientIp: string;
  amountMinor: number;
  dueAtS: number;
  /** The same moment in simulated time, which is what expires it. */
  dueMs: number;
  viewedAtS: number | null;
  /** `amountMinor` where another amount came in than was asked for. */
  paid: { atS: number; feeMinor: number; amountMinor?: number } | null;
  markedAsPaid: boolean;
  refundedMinor: number;
  /** Oldest first here, newest first on the wire. */
  attempts: { card: Card; failure: Failure | null; atS: number }[];
  /** The card that waits for its 3-DS answer. */
  challenged: Card | null;
};

/** Money that went back to a payer: its own object with its own id (REVIO.md §1.8). */
export type Payment = Base<'success'> & {
  type: 'refund' | 'chargeback';
  purchaseId: string;
  amountMinor: number;
};

export type Payout = Base<PayoutStatus> & {
  request: PayoutRequest;
  /** Where simulated time closes the execution window. */
  windowEndsMs: number;
  paidAtS: number | null;
  /** Why it failed, and who said so: the execute call, the bank later, or the bank after the money had gone out. */
  failure: (Failure & { by: 'execute' | 'bank' | 'return' }) | null;
  /** What a pending payout becomes by itself, and when; null waits for a control call. */
  settles: { to: 'success' | 'error'; atMs: number } | null;
};

export type KeyPems = { privateKeyPem: string; publicKeyPem: string };

export type Webhook = KeyPems & {
  id: string;
  title: string;
  allEvents: boolean;
  events: string[];
  /** Null until the services have their ports: then nothing is sent, as if it were not registered yet. */
  callback: string | null;
  createdAtS: number;
  updatedAtS: number;
};

export type Delivery = {
  id: string;
  sequence: number;
  /** Null for a purchase's `success_callback`, which is signed with the company key. */
  webhookId: string | null;
  url: string;
  event: string;
  objectId: string;
  sourceType: 'purchase' | 'payment' | 'payout';
  /** The bytes, fixed when the event happened: a retry sends the same ones. */
  body: string;
  createdAtMs: number;
  firstTryMs: number | null;
  tries: number;
  deliveredAtMs: number | null;
  state: 'waiting' | 'delivered' | 'given_up' | 'dropped';
  attempts: { atMs: number; error: string | null }[];
};

export type Books = {
  purchases: Map<string, Purchase>;
  payments: Map<string, Payment>;
  payouts: Map<string, Payout>;
  webhooks: Map<string, Webhook>;
  deliveries: Map<string, Delivery>;
  companyKey: KeyPems;
  sequence: number;
};

type Move<Status> = { from: readonly Status[]; to: Status; event: string | null };

const payable: readonly PurchaseStatus[] = ['created', 'viewed', 'error', 'overdue'];

/** Every way a purchase changes. There is no event for expiry (REVIO.md §1.10), and a refund tells of itself as a Payment. */
export const purchaseMoves = {
  view: { from: ['created'], to: 'viewed', event: 'purchase.viewed' },
  // Straight through the acquirer: the status is passed in the history, but nobody is told of an instant.
  attempt: { from: payable, to: 'pending_execute', event: null },
  attemptLate: { from: [...payable, 'expired'], to: 'pending_execute', event: null },
  challenge: { from: payable, to: 'pending_execute', event: 'purchase.pending_execute' },
  challengeLate: { from: [...payable, 'expired'], to: 'pending_execute', event: 'purchase.pending_execute' },
  pay: { from: ['pending_execute'], to: 'paid', event: 'purchase.paid' },
  fail: { from: ['pending_execute'], to: 'error', event: 'purchase.payment_failure' },
  // Whether the platform tells of it is open (REVIO.md §7); telling is the harder case for a receiver that must not credit it.
  markAsPaid: { from: [...payable, 'expired'], to: 'paid', event: 'purchase.paid' },
  expire: { from: payable, to: 'expired', event: null },
  lapse: { from: ['created', 'viewed', 'error'], to: 'overdue', event: null },
  // "Guaranteed it won't be paid": never while the acquirer is undecided.
  cancel: { from: [...payable, 'expired'], to: 'cancelled', event: 'purchase.cancelled' },
  // (?) A partial refund is taken to show as `refunded` too; `refundable_amount` says what is left.
  refund: { from: ['paid', 'refunded'], to: 'refunded', event: null },
  chargeback: { from: ['paid', 'refunded'], to: 'chargeback', event: null },
} as const satisfies Record<string, Move<PurchaseStatus>>;

/**
 * Every way a payout changes. Only `initialized` and `error` can be executed: the platform says of `error` that it "can be
 * attempted again", so a caller that re-executes a payout whose hold it released really pays, as it would for real.
 */
export const payoutMoves = {
  accept: { from: ['initialized', 'error'], to: 'pending', event: 'payout.pending' },
  payAtOnce: { from: ['initialized', 'error'], to: 'success', event: 'payout.success' },
  refuseAtOnce: { from: ['initialized', 'error'], to: 'error', event: 'payout.failed' },
  succeed: { from: ['pending'], to: 'success', event: 'payout.success' },
  fail: { from: ['pending'], to: 'error', event: 'payout.failed' },
  // (?) Inferred: no status or event for money that comes back is documented, so it shows as a failure after the success.
  return: { from: ['success'], to: 'error', event: 'payout.failed' },
} as const satisfies Record<string, Move<PayoutStatus>>;

/** Applies one row of a table, or refuses and changes nothing. `nowS` is wall-clock time: it is what the wire shows. */
export function move<Status extends string>(object: Base<Status>, row: Move<Status>, nowS: number): boolean {
  if (!row.from.includes(object.status)) return false;
  object.status = row.to;
  object.history.push({ status: row.to, timestamp: nowS });
  object.updatedAtS = nowS;
  return true;
}
