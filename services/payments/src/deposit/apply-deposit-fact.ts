import type { Transact } from '#libs/db';
import type { Clock } from '#libs/runtime';
import type { PaymentsTx } from '../payments-tx.ts';
import { endTransaction } from '../transaction/end-transaction.ts';
import { type DepositFact, type DepositStatus, decideDeposit } from './deposit.ts';

/** Applies what the wallet or the reconciler tells of a deposit, once per message, and in whatever order they come. */
export function applyDepositFact(
  deps: { transact: Transact<PaymentsTx>; clock: Clock },
  told: { messageId: string; transactionId: string; fact: DepositFact },
): Promise<void> {
  return deps.transact(async (tx) => {
    if (!(await tx.claimMessage(told.messageId))) return;
    const deposit = await tx.lockTransaction(told.transactionId);
    if (deposit?.kind !== 'deposit') throw new Error('a fact about a deposit that is not ours');
    const decision = decideDeposit(deposit.status as DepositStatus, told.fact);
    if (!decision.accepted) return;
    await endTransaction(tx, deposit, { status: decision.status, reason: decision.reason }, deps.clock.now());
  });
}
