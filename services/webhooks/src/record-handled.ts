import type { Transact } from '#libs/db';
import type { Received } from '#libs/messaging';
import type { Clock } from '#libs/runtime';
import { moves } from './delivery.ts';
import type { WebhooksTx } from './delivery-store.ts';

/** Writes into the log what became of a delivery, and which transaction it was about. */
export async function recordHandled(
  deps: { transact: Transact<WebhooksTx>; clock: Clock },
  event: Received<'reconciler.observation-handled.v1'>,
): Promise<void> {
  const { delivery_id: id, transaction_id: transactionId, outcome, reason } = event.data;
  await deps.transact(
    async (tx) => {
      if (!(await tx.claimMessage(event.id))) return;
      await tx.moveDelivery(id, { ...moves[outcome], reason, transactionId, at: deps.clock.now() });
    },
    { onUnknownCommit: 'rerun' },
  );
}
