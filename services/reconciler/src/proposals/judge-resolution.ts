import type { Observation, PayoutObservation, PurchaseObservation } from '#libs/contracts';
import type { Policy } from '../decision.ts';
import { everPaid, isReturning } from '../rules/purchase-rules.ts';
import { notOurs } from '../rules/trust.ts';
import type { Expected } from '../subject.ts';
import type { Verdict } from '../verdict.ts';
import type { ResolutionContent } from './proposal.ts';

type Objection = 'nothing_expected' | 'already_settled' | 'contradicted';

/**
 * Why two people may not decide so, given what Revio says at this moment; null if they may. Their word fills in what Revio leaves
 * open, and never stands against it: a released hold of a payout that moves is money paid twice (REVIO.md §4).
 */
export function objectionTo(
  content: ResolutionContent,
  expected: Expected | null,
  verdicts: readonly Verdict[],
  observed: Observation,
  policy: Policy,
): Objection | null {
  const kind = content.outcome === 'credit_this_purchase' ? 'deposit' : 'withdrawal';
  if (expected === null || expected.kind !== kind) return 'nothing_expected';
  if (kind === 'withdrawal' && expected.objectId !== content.object_id) return 'nothing_expected';
  const { slot, sourceId } = placeOf(content);
  if (verdicts.some((verdict) => verdict.slot === slot && verdict.sourceId === sourceId)) return 'already_settled';
  if (observed.object_id !== content.object_id) return 'contradicted';
  if (observed.object_type === 'absent')
    return kind === 'withdrawal' && (content.outcome === 'executed' || isLongAfterExecution(expected, observed, policy))
      ? null
      : 'contradicted';
  if (notOurs(expected, observed, policy) !== null) return 'contradicted';
  if (observed.object_type === 'payment') return 'contradicted';
  const agrees =
    observed.object_type === 'purchase'
      ? isCreditable(content, expected, observed)
      : content.outcome === 'executed'
        ? observed.status !== 'error'
        : isUnexecuted(observed, policy);
  return agrees ? null : 'contradicted';
}

const isCreditable = (
  { amount_minor }: ResolutionContent,
  { currency }: Expected,
  { payment, status, ...rest }: PurchaseObservation,
): boolean =>
  everPaid({ payment, status, ...rest }) &&
  !isReturning(status) &&
  !rest.marked_as_paid && // there is no money behind it (REVIO.md §1.9)
  payment !== null &&
  !payment.is_outgoing &&
  payment.currency === currency &&
  payment.amount_minor === amount_minor;

/** Refused, or never executed and past the window in which a call of ours that is still under way could execute it. */
function isUnexecuted({ status, provider_date, created_on }: PayoutObservation, policy: Policy): boolean {
  if (status !== 'initialized') return status === 'error';
  return provider_date !== null && Date.parse(provider_date) - Date.parse(created_on) > policy.executeWindowMs;
}

/**
 * A payout that is not shown says nothing of its creation: by our own clocks, and what they can be apart, no call of ours can still be
 * executing it. Some minutes after the call, three reads that find nothing are a case already, and may be an answer that is late.
 */
const isLongAfterExecution = (
  { executeSentAt, requestedAt }: Expected,
  { observed_at }: Observation,
  { executeWindowMs, skewMaxMs }: Policy,
): boolean => Date.parse(observed_at) - (executeSentAt ?? requestedAt).getTime() > executeWindowMs + skewMaxMs;

/** Of no snapshot: whatever Revio says of the object later is news, also what it had before the two decided. */
const beforeAll = new Date(0);

/** The slot of the ordinary verdict, so that it stays the only one whoever decides. */
const placeOf = ({ outcome, transaction_id, object_id }: ResolutionContent) =>
  outcome === 'credit_this_purchase'
    ? ({ slot: 'credit', sourceId: object_id } as const)
    : ({ slot: 'payout', sourceId: transaction_id } as const);

/** The ordinary verdict, with the fresh observation as evidence and the people's outcome as reason. */
export function verdictByPeople(
  content: ResolutionContent,
  expected: Expected,
  observed: Observation,
  decidedAt: Date,
): Verdict {
  const { transaction_id: transactionId, object_id: objectId, outcome, amount_minor } = content;
  return {
    ...placeOf(content),
    transactionId,
    objectId,
    outcome: outcome === 'not_executed' ? 'failed' : 'settled',
    amountMinor: amount_minor === null ? expected.amountMinor : BigInt(amount_minor),
    reason: outcome,
    updatedOn: observed.object_type === 'absent' ? beforeAll : new Date(observed.updated_on),
    decidedAt,
    evidence: observed,
  };
}
