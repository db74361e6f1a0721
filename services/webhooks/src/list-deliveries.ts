import { z } from 'zod';
import { foreignId, transactionId } from '#libs/contracts';
import type { Transact } from '#libs/db';
import { open, SealBroken, type SealingKeys } from '#libs/sealed';
import { type Delivery, deliveryStates } from './delivery.ts';
import type { DeliveryPlace, WebhooksTx } from './delivery-store.ts';
import { payloadPlace } from './log-row.ts';
import { maskPayload } from './mask-payload.ts';

/** A transaction has some ten deliveries; each page is unsealed and masked in memory, at 6 kB a payload. */
const pageMax = 100;
const pageDefault = 50;

/** `<milliseconds>_<uuid>` of the last delivery of the page before; opaque to whoever carries it. */
const cursor = z
  .base64url()
  .max(128)
  .transform((text, ctx): DeliveryPlace => {
    const [, ms, id] = /^(\d{1,14})_([0-9a-f-]{36})$/.exec(Buffer.from(text, 'base64url').toString('latin1')) ?? [];
    if (ms !== undefined && z.uuid().safeParse(id).success) return { receivedAt: new Date(Number(ms)), id: id ?? '' };
    ctx.addIssue({ code: 'custom', message: 'is none of ours' });
    return z.NEVER;
  });

/** What may be asked for: all that are given must hold, and without any it is the whole log. */
export const deliveriesQuery = z.strictObject({
  id: z.uuid().optional(),
  transaction_id: transactionId.optional(),
  object_id: foreignId.optional(),
  state: z.enum(deliveryStates).optional(),
  cursor: cursor.optional(),
  limit: z
    .string()
    .regex(/^[1-9][0-9]{0,2}$/)
    .transform(Number)
    .pipe(z.number().max(pageMax))
    .default(pageDefault),
});

/** A page of the log, newest first, for support: payloads masked. `next_cursor` is null on the last page. */
export async function listDeliveries(
  deps: { transact: Transact<WebhooksTx>; sealingKeys: SealingKeys },
  query: z.output<typeof deliveriesQuery>,
) {
  const { id, transaction_id, object_id: objectId, state, cursor: after = null, limit } = query;
  const filter = { id, transactionId: transaction_id, objectId, state };
  const found = await deps.transact((tx) => tx.findDeliveries(filter, { after, limit: limit + 1 }));
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return {
    data: page.map((delivery) => shown(delivery, deps.sealingKeys)),
    next_cursor: found.length > limit && last !== undefined ? cursorOf(last) : null,
  };
}

const cursorOf = ({ receivedAt, id }: DeliveryPlace): string =>
  Buffer.from(`${receivedAt.getTime()}_${id}`).toString('base64url');

const shown = (delivery: Delivery, keys: SealingKeys) => ({
  id: delivery.id,
  state: delivery.state,
  reason: delivery.reason,
  event_type: delivery.eventType,
  object_type: delivery.objectType,
  object_id: delivery.objectId,
  scheme: delivery.scheme,
  signed_by: delivery.signedBy,
  event_id: delivery.eventId,
  sent_at: delivery.sentAt?.toISOString() ?? null,
  signature: delivery.signature,
  source_address: delivery.sourceAddress,
  body_bytes: delivery.bodyBytes,
  digest: delivery.digest,
  attempts: delivery.attempts,
  duplicates: delivery.duplicates,
  last_duplicate_at: delivery.lastDuplicateAt?.toISOString() ?? null,
  transaction_id: delivery.transactionId,
  received_at: delivery.receivedAt.toISOString(),
  updated_at: delivery.updatedAt.toISOString(),
  payload: payloadOf(delivery, keys),
});

/** Null when it has expired, or was sealed with a key that is no longer here: the rest of the row is still worth showing. */
function payloadOf({ id, payload }: Delivery, keys: SealingKeys): unknown {
  if (payload === null) return null;
  try {
    return maskPayload(open(keys, payload, payloadPlace(id)));
  } catch (error) {
    if (error instanceof SealBroken) return null;
    throw error;
  }
}
