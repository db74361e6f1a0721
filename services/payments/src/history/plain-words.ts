import type { Status, Transaction } from '../transaction/transaction.ts';
import type { WebhookEvent } from './webhook-event-store.ts';

/** What a status means to the person whose money it is. */
const statuses: Record<Exclude<Transaction['kind'], 'reversal'>, Partial<Record<Status, string>>> = {
  deposit: {
    pending: 'Waiting for the payment.',
    completed: 'Paid. The money is in the wallet.',
    failed: 'Not paid. Nothing was added to the wallet.',
    expired: 'Not paid in time. Nothing was added to the wallet.',
    cancelled: 'Cancelled. Nothing was added to the wallet.',
  },
  withdrawal: {
    pending: 'Accepted. The amount is set aside until it is sent to the bank.',
    processing: 'Sent to the bank. Its answer can take some days.',
    voiding: 'Stopped. The amount is on its way back into the wallet.',
    completed: 'Paid out to the bank account.',
    failed: 'Not paid out. The amount is in the wallet.',
    cancelled: 'Cancelled. The amount is in the wallet.',
  },
};

const reversals: Record<NonNullable<Transaction['reversal']>, string> = {
  refund: 'A deposit was refunded to the payer. The amount has left the wallet.',
  chargeback: 'The payer’s bank took a deposit back. The amount has left the wallet.',
  payout_return: 'The bank sent a payout back. The amount is in the wallet again.',
};

/** Why, where there is more to say than the status says. A reason without words here is still shown as itself. */
const reasons: Record<string, string> = {
  payment_failed: 'The payment attempt failed; the payment page can be used again until it closes.',
  payment_blocked: 'The payment was blocked by the card’s bank or the payment provider.',
  payment_released: 'The amount that the card’s bank had set aside was given back to the payer.',
  purchase_expired: 'The payment page has closed.',
  past_due: 'The payment page has closed.',
  purchase_cancelled: 'The payment was cancelled at the payment provider.',
  provider_rejected: 'The payment provider did not accept it.',
  provider_unavailable: 'The payment provider could not be reached in time.',
  insufficient_funds: 'The available balance was too small.',
  wallet_frozen: 'The wallet was frozen.',
  wallet_in_debt: 'The wallet owed money.',
  daily_limit_exceeded: 'It would have exceeded what can be withdrawn in a day.',
  monthly_limit_exceeded: 'It would have exceeded what can be withdrawn in a month.',
  awaiting_approval: 'The amount is set aside, and a person looks at it before it is sent.',
  approved: 'It was approved, and will be sent.',
  rejected_by_admin: 'It was not approved.',
  cancelled_by_user: 'You cancelled it.',
  payout_failed: 'The bank refused it.',
  not_executed: 'It was never sent to the bank.',
};

/** A step of a transaction's life in a sentence or two. */
export function sayStep(
  { kind, reversal }: Pick<Transaction, 'kind' | 'reversal'>,
  status: Status,
  reason: string | null,
): string {
  if (kind === 'reversal') return reversal === null ? 'An earlier payment was turned back.' : reversals[reversal];
  const why = reason === null || status === 'completed' ? undefined : reasons[reason];
  return [statuses[kind][status] ?? 'It has changed.', ...(why === undefined ? [] : [why])].join(' ');
}

const outcomes: Record<NonNullable<WebhookEvent['outcome']>, string> = {
  applied: 'It changed how things stand.',
  ignored: 'It said nothing new.',
  parked: 'It waits for what it belongs to.',
  case: 'A person is looking into it.',
};

/** What became of a message of the payment provider's. */
export const sayOutcome = (outcome: WebhookEvent['outcome']): string =>
  outcome === null ? 'It has arrived.' : outcomes[outcome];
