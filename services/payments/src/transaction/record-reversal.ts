import type { Transact } from '#libs/db';
import type { Currency } from '#libs/money';
import { type Clock, currentContext } from '#libs/runtime';
import type { PaymentsTx } from '../payments-tx.ts';
import { type NewId, type Transaction, unused } from './transaction.ts';

export interface Reversal {
  messageId: string;
  /** The deposit or withdrawal that came back, all of it or a part. */
  reversalOf: string;
  reversal: 'refund' | 'chargeback' | 'payout_return';
  /** The Payment's or payout's id: one transaction for each, whatever comes twice. */
  sourceId: string;
  userId: string;
  amountMinor: bigint;
  currency: Currency;
}

/**
 * What the ledger turned back is a transaction of its own, completed from the start; the one it belongs to stays as it is (M1,
 * DESIGN section 5).
 */
export function recordReversal(
  deps: { transact: Transact<PaymentsTx>; clock: Clock; newId: NewId },
  told: Reversal,
): Promise<void> {
  const { reversalOf, reversal, sourceId, userId, amountMinor, currency } = told;
  return deps.transact(async (tx) => {
    if (!(await tx.claimMessage(told.messageId))) return;
    const reversed = await tx.findTransaction(reversalOf);
    if (reversed === undefined) throw new Error('a reversal of a transaction that is not ours');
    const now = deps.clock.now();
    const id = deps.newId('rev');
    const transaction: Transaction = {
      ...unused,
      id,
      userId,
      kind: 'reversal',
      status: 'completed',
      amountMinor,
      currency,
      reversalOf,
      reversal,
      sourceId,
      traceparent: currentContext().traceparent ?? null,
      createdAt: now,
      updatedAt: now,
    };
    if (!(await tx.insertReversal(transaction))) return;
    await tx.enqueue('payments.transaction-completed.v1', {
      transaction_id: id,
      user_id: userId,
      kind: 'reversal',
      currency,
      amount_minor: String(amountMinor),
    });
  });
}
