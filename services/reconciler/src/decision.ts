import type { ProviderObject } from './subject.ts';
import type { Verdict } from './verdict.ts';

/** What follows from one observation. Reasons and causes are stable words. */
export type Decision =
  /** The money moved: credit the deposit, or let the hold of the withdrawal go to Revio. */
  | { kind: 'settle' }
  /** It did not: the deposit shows it (and can still be paid), the withdrawal's hold goes back to the user. */
  | { kind: 'fail'; status: 'failed' | 'expired' | 'cancelled'; reason: string }
  | { kind: 'reverse'; purchaseId: string; reversal: 'refund' | 'chargeback'; amountMinor: bigint }
  /** A settled payout came back. */
  | { kind: 'return' }
  | { kind: 'ignore'; reason: string }
  /** Wait for what payments has to tell. */
  | { kind: 'park'; reason: string }
  /** Wait for a fresh read at Revio. */
  | { kind: 'read'; reason: string }
  /** `part`: what of the object it is about, where one object can give cause for several. */
  | { kind: 'case'; cause: string; part?: string };

/** What was decided and seen before. */
export interface Known {
  /** All verdicts of the expected transaction. */
  verdicts: readonly Verdict[];
  /** The observed object; for a refund or chargeback, its purchase. */
  object: ProviderObject;
  /** Whether a refund or chargeback of the object has come that waits for its credit. */
  reversalWaits: boolean;
}

export interface Policy {
  brandId: string;
  isTest: boolean;
  /** A webhook's snapshot older than this at receipt is never trusted alone (REQUIREMENTS W2). */
  staleAfterMs: number;
  /** A snapshot further ahead of our clock than this is odd; also how far the clocks of two services may be apart. */
  skewMaxMs: number;
  /** From a payout's creation until it can surely not be executed any more, by Revio's clock: the window and a margin. */
  executeWindowMs: number;
  /** Whether Revio is confirmed to refuse an execution after the window (REVIO.md §7). */
  executeWindowEnforced: boolean;
  /** Revio's `pending` lasts 3–5 days; beyond that a human asks. */
  payoutPendingMaxMs: number;
  /** So many reads in a row that find nothing are a case. One is never proof: a fresh object can be missing for a moment. */
  absencesMax: number;
  /** So many failed reads of one object in a row are a case. */
  failedReadsMax: number;
  /** How long the Payment may take that explains why a purchase shows as refunded. */
  reversalGraceMs: number;
  /** A purchase that is neither paid nor ended so long past its due time has been forgotten by somebody: a human asks. */
  purchaseUndecidedMaxMs: number;
}
