import type { Transact } from '#libs/db';
import type { Clock } from '#libs/runtime';
import type { Answer } from '../idempotency/idempotency-store.ts';
import type { PaymentsTx } from '../payments-tx.ts';
import { answerTo } from '../transaction/answer-to.ts';
import { endTransaction } from '../transaction/end-transaction.ts';
import type { Transaction } from '../transaction/transaction.ts';
import { decideWithdrawal, type HoldFact, type WithdrawalStatus } from './withdrawal.ts';

/** Applies what the wallet tells of a hold, once per message, and in whatever order they come. */
export async function applyHoldFact(
  deps: { transact: Transact<PaymentsTx>; clock: Clock; wakePayouts: () => void },
  told: { messageId: string; transactionId: string; fact: HoldFact },
): Promise<void> {
  await deps.transact(async (tx) => {
    if (!(await tx.claimMessage(told.messageId))) return;
    const withdrawal = await tx.lockTransaction(told.transactionId);
    if (withdrawal?.kind !== 'withdrawal') throw new Error('a fact about a withdrawal that is not ours');
    await moveWithdrawal(tx, withdrawal, told.fact, deps.clock.now());
  });
  if (told.fact.fact === 'held') deps.wakePayouts();
}

/**
 * The one door for the wallet's word, whether it was answered or told. The row is locked by `tx`. Returns the answer that the
 * withdrawal's request gets by it; undefined when the word changed nothing.
 */
export async function moveWithdrawal(
  tx: PaymentsTx,
  withdrawal: Transaction,
  fact: HoldFact,
  at: Date,
): Promise<Answer | undefined> {
  const { status, reason } = withdrawal;
  const decision = decideWithdrawal({ status: status as WithdrawalStatus, reason }, fact);
  if (!decision.accepted) return undefined;
  if (decision.status !== 'reserved') return endTransaction(tx, withdrawal, decision, at);
  // Told twice, by the answer and by the message: the second must not take the payout's step from whoever leased it.
  if (withdrawal.reservedAt !== null) return undefined;
  await tx.markReserved(withdrawal.id, at);
  return tx.storeAnswer(withdrawal.id, answerTo({ ...withdrawal, reservedAt: at, updatedAt: at }));
}
