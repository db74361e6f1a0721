import type { Transact } from '#libs/db';
import { open, SealBroken, type SealingKeys } from '#libs/sealed';
import type { Delivery } from './delivery.ts';
import type { WebhooksTx } from './delivery-store.ts';
import { payloadPlace } from './log-row.ts';
import { maskPayload } from './mask-payload.ts';

/** A transaction has some ten deliveries; Revio retries each nine times. */
const deliveriesMax = 100;

/** The deliveries that were about a transaction, newest first, for support: payloads masked. */
export async function listDeliveries(
  deps: { transact: Transact<WebhooksTx>; sealingKeys: SealingKeys },
  transactionId: string,
) {
  const deliveries = await deps.transact((tx) => tx.deliveriesOf(transactionId, deliveriesMax));
  return deliveries.map((delivery) => ({
    id: delivery.id,
    state: delivery.state,
    reason: delivery.reason,
    event_type: delivery.eventType,
    object_type: delivery.objectType,
    object_id: delivery.objectId,
    scheme: delivery.scheme,
    source_address: delivery.sourceAddress,
    attempts: delivery.attempts,
    digest: delivery.digest,
    transaction_id: delivery.transactionId,
    received_at: delivery.receivedAt.toISOString(),
    updated_at: delivery.updatedAt.toISOString(),
    payload: payloadOf(delivery, deps.sealingKeys),
  }));
}

/** Null when it was sealed with a key that is no longer here: the rest of the row is still worth showing. */
function payloadOf({ id, payload }: Delivery, keys: SealingKeys): unknown {
  if (payload === null) return null;
  try {
    return maskPayload(open(keys, payload, payloadPlace(id)));
  } catch (error) {
    if (error instanceof SealBroken) return null;
    throw error;
  }
}
