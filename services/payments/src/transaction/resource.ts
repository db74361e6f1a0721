import { formatAmount } from '#libs/money';
import type { Transaction } from './transaction.ts';

/** What the user is shown of a transaction: decimal strings, ISO 8601 times, and no status that only we care about. */
export function resourceOf(transaction: Transaction) {
  const { checkoutUrl, dueAt, bankAccountId, approval, reversalOf, reversal } = transaction;
  return {
    id: transaction.id,
    type: transaction.kind,
    status: shownStatus(transaction.status),
    reason: transaction.reason,
    amount: formatAmount(transaction.amountMinor, transaction.currency),
    currency: transaction.currency,
    created_at: transaction.createdAt.toISOString(),
    updated_at: transaction.updatedAt.toISOString(),
    ...(checkoutUrl === null ? {} : { checkout_url: checkoutUrl }),
    ...(dueAt === null ? {} : { due_at: dueAt.toISOString() }),
    ...(bankAccountId === null ? {} : { bank_account_id: bankAccountId }),
    ...(approval === null ? {} : { approval }),
    ...(reversalOf === null ? {} : { reversal_of: reversalOf, reversal }),
  };
}

/** What only we care about is not told: a hold on its way back is still being worked on. */
export const shownStatus = (status: Transaction['status']) => (status === 'voiding' ? 'processing' : status);
