import type { MemoryDatabase } from '#libs/db';
import { type MemoryMessages, type MessageSource, memoryMessages } from '#libs/messaging';
import type { Delivery } from './delivery.ts';
import type { WebhooksTx } from './delivery-store.ts';

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
    deliveriesOf: async (transactionId, limit) =>
      deliveries
        .filter((delivery) => delivery.transactionId === transactionId)
        .sort((a, b) => b.receivedAt.getTime() - a.receivedAt.getTime() || a.id.localeCompare(b.id))
        .slice(0, limit),
  };
}
