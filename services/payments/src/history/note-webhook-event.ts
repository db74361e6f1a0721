import type { Received } from '#libs/messaging';
import type { WebhookEvents } from './webhook-event-store.ts';

interface NoteDeps {
  webhookEvents: WebhookEvents;
}

/** A verified delivery of Revio's: what it was and when. Which transaction it is about, the reconciler will say. */
export const noteWebhookArrival = (
  deps: NoteDeps,
  { data }: Received<'webhooks.revio-event-received.v1'>,
): Promise<void> =>
  deps.webhookEvents.noteArrival({
    deliveryId: data.delivery_id,
    eventType: data.event_type,
    receivedAt: new Date(data.observation.observed_at),
  });

/** What the reconciler made of it; told again when one that waited is concluded. */
export const noteWebhookHandling = (
  deps: NoteDeps,
  { time, data }: Received<'reconciler.observation-handled.v1'>,
): Promise<void> =>
  deps.webhookEvents.noteHandling({
    deliveryId: data.delivery_id,
    transactionId: data.transaction_id,
    outcome: data.outcome,
    reason: data.reason,
    toldAt: new Date(time),
  });
