import { formatAmount } from '#libs/money';
import type { TimelineEntry, Transaction } from './transaction.ts';

/** What the user is shown of a transaction: decimal strings, ISO 8601 times, and no status that only we care about. */
export function resourceOf(transaction: Transaction) {
  const { checkoutUrl, dueAt, bankAccountId, reversalOf, reversal } = transaction;
  return {
    id: transaction.id,
    type: transaction.kind,
    status: shown(transaction.status),
    reason: transaction.reason,
    amount: formatAmount(transaction.amountMinor, transaction.currency),
    currency: transaction.currency,
    created_at: transaction.createdAt.toISOString(),
    updated_at: transaction.updatedAt.toISOString(),
    ...(checkoutUrl === null ? {} : { checkout_url: checkoutUrl }),
    ...(dueAt === null ? {} : { due_at: dueAt.toISOString() }),
    ...(bankAccountId === null ? {} : { bank_account_id: bankAccountId }),
    ...(reversalOf === null ? {} : { reversal_of: reversalOf, reversal }),
  };
}

export const timelineOf = (entries: readonly TimelineEntry[]) =>
  entries.map(({ status, reason, at }) => ({ status: shown(status), reason, at: at.toISOString() }));

const shown = (status: Transaction['status']) => (status === 'voiding' ? 'processing' : status);
