import type { EventData } from '#libs/contracts';
import { formatAmount } from '#libs/money';

export type Mail = { subject: string; text: string };

type Ended = Pick<
  EventData<'payments.transaction-completed.v1'>,
  'transaction_id' | 'kind' | 'currency' | 'amount_minor'
> & {
  status: 'completed' | EventData<'payments.transaction-failed.v1'>['status'];
};

const sentences: Record<Ended['kind'], Record<Ended['status'], (amount: string) => string>> = {
  deposit: {
    completed: (amount) => `Your deposit of ${amount} is in your wallet.`,
    failed: (amount) => `Your deposit of ${amount} has failed. Nothing was added to your wallet.`,
    expired: (amount) => `Your deposit of ${amount} was not paid in time. Nothing was added to your wallet.`,
    cancelled: (amount) => `Your deposit of ${amount} was cancelled. Nothing was added to your wallet.`,
  },
  withdrawal: {
    completed: (amount) => `Your withdrawal of ${amount} was paid out to your bank account.`,
    failed: (amount) => `Your withdrawal of ${amount} has failed. The money has not left your wallet.`,
    expired: (amount) => `Your withdrawal of ${amount} has expired. The money has not left your wallet.`,
    cancelled: (amount) => `Your withdrawal of ${amount} was cancelled. The money has not left your wallet.`,
  },
  reversal: {
    completed: (amount) => `An earlier payment was reversed, for ${amount}. Your wallet shows what it changed.`,
    failed: (amount) => `A reversal of ${amount} has failed.`,
    expired: (amount) => `A reversal of ${amount} has expired.`,
    cancelled: (amount) => `A reversal of ${amount} was cancelled.`,
  },
};

/** What the user is told of an end (N1): what happened, how much, and the id to ask about. Nothing of banks or of why. */
export function composeMail({ transaction_id, kind, currency, amount_minor, status }: Ended): Mail {
  const sentence = sentences[kind][status](`${formatAmount(BigInt(amount_minor), currency)} ${currency}`);
  return { subject: `Your ${kind}: ${status}`, text: `${sentence}\n\nTransaction ${transaction_id}\n` };
}
