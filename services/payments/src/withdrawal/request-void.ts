import type { PaymentsTx } from '../payments-tx.ts';
import type { Transaction } from '../transaction/transaction.ts';

/**
 * Turns a withdrawal back for which no payout may have been executed: the row as it is then, or undefined because the intent or an
 * end was first. The wallet is asked to void the hold, and the withdrawal ends only when it says that it did.
 */
export async function requestVoid(
  tx: Pick<PaymentsTx, 'requestVoid' | 'enqueue'>,
  id: string,
  reason: string,
  at: Date,
): Promise<Transaction | undefined> {
  const withdrawal = await tx.requestVoid(id, reason, at);
  if (withdrawal !== undefined) await askForVoid(tx, withdrawal, reason);
  return withdrawal;
}

/** Asks the wallet for the hold of a withdrawal that this transaction has turned back. */
export const askForVoid = (
  tx: Pick<PaymentsTx, 'enqueue'>,
  { id, userId, currency, amountMinor }: Transaction,
  reason: string,
): Promise<void> =>
  tx.enqueue('payments.void-requested.v1', {
    transaction_id: id,
    user_id: userId,
    currency,
    amount_minor: String(amountMinor),
    reason,
  });
