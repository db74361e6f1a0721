import type { Status, Step, TimelineEntry, Transaction } from './transaction.ts';

/** What deposits, withdrawals and reversals are kept in. Every method is one statement, or two on one row. */
export interface TransactionTx {
  /** With its first timeline entry. */
  insertTransaction(transaction: Transaction): Promise<void>;
  /** The same for a reversal; false if its source id made one before. */
  insertReversal(transaction: Transaction): Promise<boolean>;
  findTransaction(id: string): Promise<Transaction | undefined>;
  /** Keeps everybody else from changing the row until this transaction ends. */
  lockTransaction(id: string): Promise<Transaction | undefined>;
  /** Oldest first. */
  readTimeline(id: string): Promise<TimelineEntry[]>;
  /** On a row locked by this transaction: the new status and its timeline entry. An ended one leaves nothing to the workers. */
  moveTransaction(id: string, to: { status: Status; reason: string | null; at: Date }): Promise<void>;

  /** Only the first purchase of a pending deposit becomes its purchase: the row then; undefined for the loser. */
  attachPurchase(id: string, purchase: AttachedPurchase, at: Date): Promise<Transaction | undefined>;
  /** On a locked row: the amount is held, and `submit_payout` is due at once, or as soon as an admin approves it. */
  markReserved(id: string, at: Date): Promise<void>;
  /** On a locked row: the payout that may be executed. */
  attachPayout(id: string, payoutId: string, at: Date): Promise<void>;
  /**
   * The intent to execute (DESIGN section 4.3): one conditional statement, committed before the call. False when a cancellation, another
   * worker or another payout was first, and while a freeze is in force (M11). It competes with `requestVoid`: exactly one of the two ever succeeds.
   */
  recordIntent(id: string, payoutId: string, at: Date): Promise<boolean>;
  /** The competing statement: the withdrawal as it is now, or undefined because the intent or an end was first. */
  requestVoid(id: string, reason: string, at: Date): Promise<Transaction | undefined>;
  /** Of a withdrawal that waits for it: `submit_payout` is due at once if its amount is held. Undefined when it does not wait (any more). */
  approve(id: string, at: Date): Promise<Transaction | undefined>;
  /** `requestVoid` of a withdrawal that waits for an approval, as one statement: of approval, rejection and cancellation only one meets it waiting. */
  reject(id: string, reason: string, at: Date): Promise<Transaction | undefined>;
  /** What is held and waits for an approval, oldest first, after the given one. */
  listWaiting(limit: number, after?: { createdAt: Date; id: string }): Promise<Transaction[]>;
  hasCompletedWithdrawal(userId: string): Promise<boolean>;
  /** The entries with a larger number, oldest first. Of one transaction they commit in this order, since its row is locked by whoever adds one. */
  readTimelineAfter(id: string, after: bigint): Promise<NumberedEntry[]>;

  /** Takes what is due at `now` for `step`, oldest first, skipping what another worker is taking and payouts that are frozen or wait for an approval. */
  leaseDue(step: Step, now: Date, until: Date, limit: number): Promise<Transaction[]>;
  /** The same for one transaction; undefined while somebody else has it or when nothing is left to do. */
  leaseOne(id: string, step: Step, now: Date, until: Date): Promise<Transaction | undefined>;
  /** Nothing is left to do of `step`; no-op when the row has gone on to another one. */
  finishStep(id: string, step: Step): Promise<void>;
  /** Gives the step back, to be tried again from `until` on. No-op when no step is left. */
  postpone(id: string, step: Step, until: Date): Promise<void>;
}

export type NumberedEntry = TimelineEntry & { id: bigint };

interface AttachedPurchase {
  purchaseId: string;
  checkoutUrl: string;
  dueAt: Date;
}
