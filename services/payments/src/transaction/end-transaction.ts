import type { Answer } from '../idempotency/idempotency-store.ts';
import type { PaymentsTx } from '../payments-tx.ts';
import { answerTo } from './answer-to.ts';
import type { Transaction } from './transaction.ts';

type EndTx = Pick<PaymentsTx, 'moveTransaction' | 'storeAnswer' | 'enqueue'>;

export interface End {
  status: 'completed' | 'failed' | 'expired' | 'cancelled';
  reason: string | null;
  /** What else the request's answer says about a refusal. */
  members?: Readonly<Record<string, unknown>>;
}

/**
 * Ends a deposit or withdrawal whose row this transaction has locked, and tells of it. Its request may still be without an answer
 * (the first try died): it gets one here, since no worker comes by any more. Returns the answer that stands.
 */
export async function endTransaction(tx: EndTx, transaction: Transaction, end: End, at: Date): Promise<Answer> {
  const { id, userId, kind, currency, amountMinor } = transaction;
  const { status, reason, members } = end;
  await tx.moveTransaction(id, { status, reason, at });
  const answer = await tx.storeAnswer(id, answerTo({ ...transaction, status, reason, updatedAt: at }, members));
  const about = { transaction_id: id, user_id: userId, currency, amount_minor: String(amountMinor) };
  if (end.status === 'completed') {
    await tx.enqueue('payments.transaction-completed.v1', { ...about, kind });
  } else if (kind !== 'reversal') {
    const reason = end.reason ?? 'unspecified';
    await tx.enqueue('payments.transaction-failed.v1', { ...about, kind, status: end.status, reason });
  }
  return answer;
}
