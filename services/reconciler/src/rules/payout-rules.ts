import type { PayoutObservation } from '#libs/contracts';
import type { Decision, Known, Policy } from '../decision.ts';
import type { Expected, ProviderObject } from '../subject.ts';
import type { Verdict } from '../verdict.ts';
import { caseOf, fail, ignore, park, read, settle } from './rulings.ts';
import { confirmByRead, isOlder, isReadSince } from './trust.ts';

/**
 * A payout found by its reference is not the one that we executed: only the id of the written intent is. And a hold is released only
 * on an authenticated word about that very id, because paying twice begins with taking a lost answer for a refusal (REVIO.md §4).
 */
export function decidePayout(expected: Expected, observed: PayoutObservation, known: Known, policy: Policy): Decision {
  if (expected.objectId === null)
    return observed.status === 'initialized' ? ignore('not_submitted') : park('intent_not_known');
  if (expected.objectId !== observed.object_id)
    return observed.status === 'success' || observed.status === 'pending'
      ? caseOf('unsubmitted_payout_moved')
      : ignore('not_its_payout');
  if (observed.currency !== expected.currency) return caseOf('currency_mismatch');
  if (BigInt(observed.amount_minor) !== expected.amountMinor) return caseOf('amount_mismatch');
  const final = known.verdicts.find(({ slot }) => slot === 'payout');
  if (final === undefined) return decideOpen(expected, observed, known, policy);
  return final.outcome === 'settled'
    ? afterSettlement(observed, known, final, policy)
    : afterRelease(observed, known, final, policy);
}

function decideOpen(expected: Expected, observed: PayoutObservation, known: Known, policy: Policy): Decision {
  const byWebhook = observed.source === 'webhook';
  switch (observed.status) {
    case 'success':
      return settle;
    case 'pending':
      return !byWebhook && sinceIntentMs(expected, observed) > policy.payoutPendingMaxMs
        ? caseOf('pending_too_long')
        : ignore('pending');
    case 'error':
      if (byWebhook) return confirmByRead(observed, known.object, policy, 'failure_by_webhook');
      return isOlder(observed, known.object.lastUpdatedOn) ? read('superseded') : fail('failed', 'payout_failed');
    case 'initialized':
      return decideUnexecuted(observed, known.object, policy);
    default:
      return byWebhook ? confirmByRead(observed, known.object, policy, 'unknown_status') : caseOf('unknown_status');
  }
}

/**
 * `initialized` says only that nothing has happened yet; an execute call of ours may still be on its way. Once Revio's own clock is
 * past the window it can no longer be accepted, if Revio keeps to the window; where that is not confirmed, or where we have been told
 * that it had moved, a human decides.
 */
function decideUnexecuted(observed: PayoutObservation, object: ProviderObject, policy: Policy): Decision {
  if (observed.source !== 'read') return ignore('not_executed_yet');
  if (observed.provider_date === null) return decideUndated(observed, policy);
  const ageMs = Date.parse(observed.provider_date) - Date.parse(observed.created_on);
  if (ageMs <= policy.executeWindowMs) return ignore('execute_window_open');
  const hasMoved = object.lastStatus !== null && object.lastStatus !== 'initialized';
  return policy.executeWindowEnforced && !hasMoved ? fail('failed', 'not_executed') : caseOf('unknown_outcome');
}

/** An answer without a Date header: by our own clock the window can be known to be over, but that never releases a hold. */
function decideUndated(observed: PayoutObservation, policy: Policy): Decision {
  const ageMs = Date.parse(observed.observed_at) - Date.parse(observed.created_on);
  return ageMs > policy.executeWindowMs + policy.skewMaxMs ? caseOf('unknown_outcome') : ignore('not_executed_yet');
}

function afterSettlement(observed: PayoutObservation, known: Known, final: Verdict, policy: Policy): Decision {
  const returned = known.verdicts.find(({ slot }) => slot === 'return');
  const last = returned ?? final;
  const agrees = observed.status === (returned === undefined ? 'success' : 'error');
  const isLate = isOlder(observed, last.updatedOn);
  if (agrees || (isLate && !isReadSince(observed, last.decidedAt, policy))) return ignore('already_settled');
  if (returned === undefined && isStillOpen(observed, final, known.object)) return ignore('settled_by_people');
  if (returned !== undefined || observed.status !== 'error' || isLate)
    return contradiction(observed, known, last, policy, 'contradicts_settlement');
  // Only a read of its own says that money came back, and only one made since: an earlier one may have been slow to arrive.
  if (observed.source === 'webhook') return confirmByRead(observed, known.object, policy, 'error_after_success');
  const readSince = observed.source === 'read' && Date.parse(observed.observed_at) > final.decidedAt.getTime();
  return readSince ? { kind: 'return' } : read('error_after_success');
}

/**
 * Two people have said that it was executed, of what Revio had left open (R4): that it still is, or has come further, is no news. That it was
 * never executed is news where Revio had not said so when they decided, and so is `pending` once Revio has called it paid.
 */
function isStillOpen(
  { status }: PayoutObservation,
  { reason, evidence }: Verdict,
  { lastStatus }: ProviderObject,
): boolean {
  if (reason !== 'executed') return false;
  const said = [evidence.object_type === 'payout' ? evidence.status : 'absent', lastStatus ?? 'initialized'];
  if (status === 'initialized') return said.every((each) => each === 'initialized');
  return status === 'pending' && !said.includes('success');
}

/** The hold has gone back to the user: if the money went out all the same, it is an alarm, and never a second debit. */
function afterRelease(observed: PayoutObservation, known: Known, final: Verdict, policy: Policy): Decision {
  if (observed.status === 'error' || observed.status === 'initialized') return ignore('already_failed');
  if (isOlder(observed, final.updatedOn) && !isReadSince(observed, final.decidedAt, policy))
    return ignore('superseded');
  const cause = observed.status === 'success' ? 'paid_after_release' : 'moving_after_release';
  return contradiction(observed, known, final, policy, cause);
}

/** A case once an authenticated word that is surely later than the verdict speaks against it; until then a read. */
function contradiction(
  observed: PayoutObservation,
  known: Known,
  verdict: Verdict,
  policy: Policy,
  cause: string,
): Decision {
  if (observed.source === 'webhook') return confirmByRead(observed, known.object, policy, cause);
  const isLater =
    Date.parse(observed.updated_on) > verdict.updatedOn.getTime() || isReadSince(observed, verdict.decidedAt, policy);
  return isLater ? caseOf(cause) : read(cause);
}

const sinceIntentMs = (expected: Expected, observed: PayoutObservation): number =>
  Date.parse(observed.observed_at) - (expected.executeSentAt ?? expected.requestedAt).getTime();
