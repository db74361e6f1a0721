import type { Observation } from '#libs/contracts';
import { decidePayout } from './rules/payout-rules.ts';
import { decidePurchase, everPaid } from './rules/purchase-rules.ts';
import { decideReversal } from './rules/reversal-rules.ts';
import { caseOf, ignore, park, read } from './rules/rulings.ts';
import { notOurs, untrusted } from './rules/trust.ts';
import type { Expected, ProviderObject } from './subject.ts';
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
  | { kind: 'case'; cause: string };

/** What was decided and seen before. */
export interface Known {
  /** All verdicts of the expected transaction. */
  verdicts: readonly Verdict[];
  /** The observed object; for a refund or chargeback, its purchase. */
  object: ProviderObject;
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
  /** How long the Payment may take that explains why a settled purchase shows as refunded. */
  reversalGraceMs: number;
}

/**
 * The one decision about provider truth (REVIO.md §3–5, REQUIREMENTS M7): total over everything that Revio can say, and the same
 * for a webhook, an answer and a read but for how far each is trusted.
 */
export function decide(expected: Expected | null, observed: Observation, known: Known, policy: Policy): Decision {
  if (observed.object_type === 'absent') return decideAbsence(expected, known, policy);
  if (expected === null) return park('no_expectation');
  const wrong = notOurs(expected, observed, policy);
  if (wrong !== null) return caseOf(wrong);
  if (observed.object_type === 'payment') return decideReversal(expected, observed, known, policy);
  const doubt = untrusted(observed, known.object, policy);
  if (doubt !== null) return doubt;
  return observed.object_type === 'purchase'
    ? decidePurchase(expected, observed, known, policy)
    : decidePayout(expected, observed, known, policy);
}

function decideAbsence(expected: Expected | null, { object }: Known, policy: Policy): Decision {
  if (expected === null) return ignore('absent_and_unknown');
  return object.absences + 1 >= policy.absencesMax ? caseOf('object_absent') : read('absent');
}

/** What becomes of an observation that has waited for too long: money is explained by a human, the rest is let go. */
export function giveUp(waiting: Decision, expected: Expected | null, observed: Observation): Decision {
  if (waiting.kind !== 'park' && waiting.kind !== 'read') return waiting;
  if (expected === null) return caseOf('unmatched_object');
  switch (observed.object_type) {
    case 'payment':
      return caseOf(waiting.reason);
    case 'payout':
      return observed.status === 'success' || observed.status === 'pending'
        ? caseOf(waiting.reason)
        : ignore(waiting.reason);
    case 'purchase':
      return everPaid(observed) ? caseOf(waiting.reason) : ignore(waiting.reason);
    case 'absent':
      return ignore(waiting.reason);
  }
}
