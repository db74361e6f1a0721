import type { Transact } from '#libs/db';
import type { Clock } from '#libs/runtime';
import type { PaymentsTx } from '../payments-tx.ts';
import { problem } from '../problems.ts';

/**
 * Removes a bank account of the user: no new withdrawal can name it, and it is not shown any more. A withdrawal that is on its way keeps
 * it, for what was begun is paid to whom it was begun for. May be repeated. Throws `not_found`.
 */
export function removeBankAccount(
  deps: { transact: Transact<PaymentsTx>; clock: Clock },
  { userId, id }: { userId: string; id: string },
): Promise<void> {
  return deps.transact(
    async (tx) => {
      if ((await tx.findBankAccount(userId, id)) === undefined) throw problem('not_found');
      await tx.removeBankAccount(userId, id, deps.clock.now());
    },
    { onUnknownCommit: 'rerun' },
  );
}
