import type { Transact } from '#libs/db';
import type { Clock } from '#libs/runtime';
import type { PaymentsTx } from '../payments-tx.ts';
import { problem } from '../problems.ts';
import { resourceOf } from '../transaction/resource.ts';
import { requestVoid } from './request-void.ts';
import { cancelledByUser } from './withdrawal.ts';

/**
 * Cancels the user's withdrawal if no execution was intended yet; of the two exactly one wins. Returns its resource, also for a
 * repeat of an earlier cancellation. Throws `transaction_not_found` and, for the loser of the race, `not_cancellable`.
 */
export function cancelWithdrawal(
  deps: { transact: Transact<PaymentsTx>; clock: Clock },
  input: { userId: string; id: string },
): Promise<ReturnType<typeof resourceOf>> {
  return deps.transact(
    async (tx) => {
      const found = await tx.findTransaction(input.id);
      if (found?.userId !== input.userId || found.kind !== 'withdrawal') throw problem('transaction_not_found');
      const voiding = await requestVoid(tx, input.id, cancelledByUser, deps.clock.now());
      const current = voiding ?? (await tx.findTransaction(input.id)) ?? found;
      if (current.reason !== cancelledByUser) throw problem('not_cancellable');
      return resourceOf(current);
    },
    { onUnknownCommit: 'rerun' },
  );
}
