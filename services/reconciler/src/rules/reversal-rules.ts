import type { PaymentObservation } from '#libs/contracts';
import type { Decision, Known, Policy } from '../decision.ts';
import type { Expected } from '../subject.ts';
import { isReturning } from './purchase-rules.ts';
import { caseOf, ignore, read } from './rulings.ts';
import { oddity } from './trust.ts';

type Kind = 'refund' | 'chargeback';

/** Money that goes back to the payer: a Payment with an id of its own, reversed once per that id (REVIO.md §1.8). */
export function decideReversal(
  expected: Expected,
  observed: PaymentObservation,
  known: Known,
  policy: Policy,
): Decision {
  if (known.verdicts.some(({ slot, sourceId }) => slot === 'reversal' && sourceId === observed.object_id))
    return ignore('already_reversed');
  if (observed.event_type === 'payment.chargeback_reversed') return caseOf('chargeback_reversed');
  const kind = kindOf(observed);
  if (kind === null) return observed.payment_type === 'purchase' ? ignore('not_a_reversal') : caseOf('unknown_payment');
  const undone = unfinished(observed.status);
  if (undone !== null) return undone;
  if (!observed.is_outgoing) return caseOf('reversal_not_outgoing');
  return unconfirmed(observed, known, policy) ?? decideAmount(expected, observed, known, kind);
}

function kindOf(observed: PaymentObservation): Kind | null {
  if (observed.event_type === 'payment.refunded' || observed.payment_type === 'refund') return 'refund';
  if (observed.event_type === 'payment.charged_back' || observed.payment_type === 'chargeback') return 'chargeback';
  return null;
}

function unfinished(status: string): Decision | null {
  if (status === 'success') return null;
  if (status === 'initialized' || status === 'pending') return ignore('reversal_pending');
  return status === 'error' ? ignore('reversal_failed') : caseOf('unknown_status');
}

/** A Payment cannot be read by itself; the purchase that it came from can, and shows that something went back. */
function unconfirmed(observed: PaymentObservation, { object }: Known, policy: Policy): Decision | null {
  const reason = oddity(observed, policy);
  if (reason === null) return null;
  const madeAt = Date.parse(observed.created_on);
  if (isReturning(object.readStatus) && object.readUpdatedOn !== null && object.readUpdatedOn.getTime() >= madeAt)
    return null;
  const readLater =
    object.readAt !== null && object.readAt.getTime() > Date.parse(observed.observed_at) + policy.skewMaxMs;
  return readLater ? caseOf('reversal_unconfirmed') : read(reason);
}

function decideAmount(expected: Expected, observed: PaymentObservation, known: Known, reversal: Kind): Decision {
  const purchaseId = observed.purchase_id ?? expected.objectId;
  const credit = known.verdicts.find(({ slot, sourceId }) => slot === 'credit' && sourceId === purchaseId);
  if (purchaseId === null || credit === undefined) return read('reversal_before_credit');
  if (observed.currency !== expected.currency) return caseOf('currency_mismatch');
  const reversedMinor = known.verdicts
    .filter(({ slot, objectId }) => slot === 'reversal' && objectId === purchaseId)
    .reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
  const amountMinor = BigInt(observed.amount_minor);
  if (amountMinor <= 0n) return caseOf('amount_mismatch');
  if (amountMinor > credit.amountMinor - reversedMinor) return caseOf('reversal_exceeds_credit');
  return { kind: 'reverse', purchaseId, reversal, amountMinor };
}
