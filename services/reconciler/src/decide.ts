import type { Observation } from '#libs/contracts';
import type { Decision, Known, Policy } from './decision.ts';
import { decidePayout } from './rules/payout-rules.ts';
import { decidePurchase, everPaid } from './rules/purchase-rules.ts';
import { decideReversal } from './rules/reversal-rules.ts';
import { caseOf, ignore, park, read } from './rules/rulings.ts';
import { notOurs, untrusted } from './rules/trust.ts';
import type { Expected } from './subject.ts';

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
