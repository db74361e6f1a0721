import { z } from 'zod';
import { notFound, type Outcome, parse, refused } from './answers.ts';
import { escapedPem, newKey } from './keys.ts';
import { PAGE_SIZE, WEBHOOKS_MAX } from './limits.ts';
import type { Platform } from './platform.ts';
import { webhookRequestSchema } from './request-schemas.ts';
import type { Delivery, Webhook } from './state.ts';

function webhookShape(webhook: Webhook) {
  return {
    id: webhook.id,
    type: 'webhook',
    title: webhook.title,
    all_events: webhook.allEvents,
    events: webhook.events,
    callback: webhook.callback,
    public_key: escapedPem(webhook.publicKeyPem),
    created_on: webhook.createdAtS,
    updated_on: webhook.updatedAtS,
  };
}

type NewWebhook = { title: string; allEvents: boolean; events: string[]; callback: string | null };

/** Every registered webhook signs with a key of its own (REVIO.md §5). */
export async function addWebhook(
  platform: Pick<Platform, 'books' | 'nowS' | 'newId'>,
  asked: NewWebhook,
): Promise<Webhook> {
  const nowS = platform.nowS();
  const webhook = { id: platform.newId(), ...asked, ...(await newKey()), createdAtS: nowS, updatedAtS: nowS };
  platform.books.webhooks.set(webhook.id, webhook);
  return webhook;
}

/** `POST /webhooks/` (sample 13). */
export async function registerWebhook(platform: Platform, input: unknown): Promise<Outcome<unknown>> {
  const parsed = parse(webhookRequestSchema, input);
  if (!parsed.ok) return parsed;
  if (platform.books.webhooks.size >= WEBHOOKS_MAX) return refused(400, 'too_many', 'Too many webhooks.');
  const { title, all_events: allEvents, events, callback } = parsed.value;
  const webhook = await addWebhook(platform, { title, allEvents, events, callback });
  platform.changed();
  return { ok: true, value: webhookShape(webhook) };
}

export function readWebhook(platform: Platform, id: string): Outcome<unknown> {
  const webhook = platform.books.webhooks.get(id);
  return webhook === undefined ? notFound : { ok: true, value: webhookShape(webhook) };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

export function deliveryShape(delivery: Delivery) {
  return {
    created_on: isoTime(delivery.createdAtMs),
    delivered_on: delivery.deliveredAtMs === null ? null : isoTime(delivery.deliveredAtMs),
    attempts: delivery.attempts.length,
    delivery_attempts: delivery.attempts
      .map(({ atMs, error }) => ({ attempted_on: isoTime(atMs), error_message: error }))
      .reverse(),
    url: delivery.url,
    event: delivery.event,
    payload: JSON.parse(delivery.body) as unknown,
  };
}

const deliveriesQuerySchema = z.object({
  id: z.string().min(1).max(100),
  source_type: z.enum(['purchase', 'payment', 'payout']),
  offset: z.coerce.number().int().min(0).default(0),
});

/** `GET /webhooks/deliveries/?id=&source_type=`: newest first, a page at a time. */
export function listDeliveries(platform: Platform, query: URLSearchParams): Outcome<unknown> {
  const parsed = parse(deliveriesQuerySchema, Object.fromEntries(query));
  if (!parsed.ok) return parsed;
  const { id, source_type: sourceType, offset } = parsed.value;
  const found = [...platform.books.deliveries.values()]
    .filter(
      (delivery) => delivery.objectId === id && delivery.sourceType === sourceType && delivery.state !== 'dropped',
    )
    .reverse();
  const pageAt = (from: number) =>
    `${platform.settings.publicUrl}/api/v1/webhooks/deliveries/?${new URLSearchParams({ id, source_type: sourceType, offset: String(from) })}`;
  return {
    ok: true,
    value: {
      results: found.slice(offset, offset + PAGE_SIZE).map(deliveryShape),
      next: found.length > offset + PAGE_SIZE ? pageAt(offset + PAGE_SIZE) : null,
      previous: offset > 0 ? pageAt(Math.max(offset - PAGE_SIZE, 0)) : null,
    },
  };
}
