import type { Transact } from '#libs/db';
import type { Received } from '#libs/messaging';
import type { Clock } from '#libs/runtime';
import { moves } from './delivery.ts';
import type { WebhooksTx } from './delivery-store.ts';

/** Writes into the log that the reconciler failed on a delivery: it tries again, or has given it to its dead letter queue. */
export async function recordFailed(
  deps: { transact: Transact<WebhooksTx>; clock: Clock },
  event: Received<'reconciler.observation-failed.v1'>,
): Promise<void> {
  const { delivery_id: id, outcome, reason } = event.data;
  await deps.transact(
    async (tx) => {
      if (!(await tx.claimMessage(event.id))) return;
      await tx.moveDelivery(id, { ...moves[outcome], reason, transactionId: null, at: deps.clock.now() });
    },
    { onUnknownCommit: 'rerun' },
  );
}
