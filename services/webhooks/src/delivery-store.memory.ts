import type { MemoryDatabase } from '#libs/db';
import { type MemoryMessages, type MessageSource, memoryMessages } from '#libs/messaging';
import type { Delivery } from './delivery.ts';
import type { DeliveryFilter, DeliveryPlace, WebhooksTx } from './delivery-store.ts';

export function memoryWebhooksTx(memory: MemoryDatabase, messages: MessageSource): WebhooksTx & MemoryMessages {
  const deliveries = memory.table<Delivery>({
    key: ({ id }) => id,
    keyConstraint: 'webhook_logs_pkey',
    unique: { webhook_logs_delivery_key_key: ({ deliveryKey }) => deliveryKey },
  });
  return {
    ...memoryMessages(memory, messages),
    logDelivery: async (delivery) => {
      const { deliveryKey } = delivery;
      if (deliveryKey !== null && deliveries.filter((row) => row.deliveryKey === deliveryKey).length > 0) return false;
      deliveries.insert(delivery);
      return true;
    },
    moveDelivery: async (id, { from, to, reason, transactionId, at }) => {
      const delivery = deliveries.get(id);
      if (delivery === undefined || !from.includes(delivery.state)) return false;
      deliveries.update(id, {
        state: to,
        reason,
        transactionId: transactionId ?? delivery.transactionId,
        updatedAt: at,
        attempts: delivery.attempts + 1,
      });
      return true;
    },
    addDuplicates: async (counts) => {
      for (const { deliveryKey, count, lastAt } of counts)
        for (const row of deliveries.filter((delivery) => delivery.deliveryKey === deliveryKey))
          deliveries.update(row.id, {
            duplicates: row.duplicates + count,
            lastDuplicateAt: later(row.lastDuplicateAt, lastAt),
          });
    },
    findDeliveries: async (filter, { after, limit }) =>
      deliveries
        .filter((delivery) => fits(delivery, filter) && (after === null || newestFirst(after, delivery) < 0))
        .sort(newestFirst)
        .slice(0, limit),
    lastVerifiedAt: async () =>
      deliveries.filter(({ state }) => state !== 'unverified').sort(newestFirst)[0]?.receivedAt ?? null,
    expireDeliveries: async (before, limit) => {
      const oldest = (claim: (delivery: Delivery) => boolean): Delivery[] =>
        deliveries
          .filter(claim)
          .sort((a, b) => newestFirst(b, a))
          .slice(0, limit);
      const gone = [
        ...oldest(({ receivedAt }) => receivedAt < before.rows),
        ...oldest(({ state, receivedAt }) => state === 'unverified' && receivedAt < before.unverified),
      ].filter(({ id }) => deliveries.delete(id));
      const emptied = oldest(({ payload, receivedAt }) => payload !== null && receivedAt < before.payloads);
      for (const { id } of emptied) deliveries.update(id, { payload: null });
      return gone.length + emptied.length;
    },
  };
}

const fits = (delivery: Delivery, { id, transactionId, objectId, state }: DeliveryFilter): boolean =>
  (id ?? delivery.id) === delivery.id &&
  (transactionId ?? delivery.transactionId) === delivery.transactionId &&
  (objectId ?? delivery.objectId) === delivery.objectId &&
  (state ?? delivery.state) === delivery.state;

const newestFirst = (a: DeliveryPlace, b: DeliveryPlace): number =>
  b.receivedAt.getTime() - a.receivedAt.getTime() || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);

const later = (a: Date | null, b: Date): Date => (a !== null && a > b ? a : b);
