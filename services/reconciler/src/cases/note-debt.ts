import type { EventData } from '#libs/contracts';
import type { Deps } from '../deps.ts';
import { openCase } from './open-case.ts';

/**
 * More went back than was there: the user owes the rest, nothing is held of the wallet until it is repaid, and a human decides whether to
 * wait for that. One case per refund or chargeback.
 */
export async function noteDebt(
  deps: Deps,
  messageId: string,
  reversed: EventData<'wallet.deposit-reversed.v1'>,
): Promise<void> {
  if (BigInt(reversed.receivable_minor) <= 0n) return;
  const { transaction_id, user_id, purchase_id, payment_id, reversal, currency, amount_minor, receivable_minor } =
    reversed;
  await deps.transact(
    async (tx) => {
      if (!(await tx.claimMessage(messageId))) return;
      await openCase(tx, deps, {
        cause: 'user_in_debt',
        about: payment_id,
        transactionId: transaction_id,
        objectId: purchase_id,
        evidence: { user_id, purchase_id, payment_id, reversal, currency, amount_minor, receivable_minor },
      });
    },
    { onUnknownCommit: 'rerun' },
  );
}
