import type { StoryLine } from '#libs/contracts';
import type { Transact } from '#libs/db';
import type { TellStory } from '#libs/service';
import type { Delivery } from './delivery.ts';
import type { WebhooksTx } from './delivery-store.ts';

/** The deliveries about a transaction, without what they carried. */
export const tellStory =
  ({ transact }: { transact: Transact<WebhooksTx> }): TellStory =>
  async (transactionId, limit) => {
    const deliveries = await transact((tx) => tx.findDeliveries({ transactionId }, { after: null, limit }));
    return deliveries.map(deliveryLine);
  };

const deliveryLine = (delivery: Delivery): StoryLine => ({
  at: delivery.receivedAt.toISOString(),
  kind: 'delivery',
  text: [
    `${delivery.eventType ?? 'a delivery'}, ${delivery.scheme} signature by the ${delivery.signedBy ?? 'unknown'} key`,
    ...(delivery.sentAt === null ? [] : [`${msBetween(delivery.sentAt, delivery.receivedAt)} ms after it was sent`]),
    `${delivery.state}${delivery.reason === null ? '' : ` (${delivery.reason})`} ${msBetween(delivery.receivedAt, delivery.updatedAt)} ms later`,
    ...(delivery.duplicates === 0 ? [] : [`came again ${delivery.duplicates} times`]),
  ].join('; '),
  ids: { delivery_id: delivery.id, ...(delivery.objectId === null ? {} : { object_id: delivery.objectId }) },
  trace_id: null,
});

const msBetween = (from: Date, to: Date): number => to.getTime() - from.getTime();
