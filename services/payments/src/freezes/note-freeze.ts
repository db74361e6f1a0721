import type { Transact } from '#libs/db';
import type { PaymentsTx } from '../payments-tx.ts';
import type { Freeze } from './freeze-store.ts';

/** The wallet froze somebody's withdrawals, or lifted it: from this COMMIT on no intent to execute is recorded, or again one is. */
export const noteFreeze = (
  deps: { transact: Transact<PaymentsTx> },
  messageId: string,
  freeze: Freeze,
): Promise<void> =>
  deps.transact(
    async (tx) => {
      if (await tx.claimMessage(messageId)) await tx.noteFreeze(freeze);
    },
    { onUnknownCommit: 'rerun' },
  );
