import { z } from 'zod';
import { samples, shownAt, shownUuid } from '#libs/contracts';
import type { Operation } from '#libs/http';
import { deliveryStates } from './delivery.ts';
import { deliveriesQuery } from './list-deliveries.ts';

const delivery = z
  .object({
    id: shownUuid,
    state: z.enum(deliveryStates),
    reason: z.string().nullable(),
    event_type: z.string().nullable(),
    object_type: z.string().nullable(),
    object_id: z.string().nullable(),
    scheme: z.enum(['plain', 'timestamped']),
    signed_by: z.string().nullable(),
    event_id: z.string().nullable(),
    sent_at: shownAt.nullable(),
    signature: z.string().nullable(),
    source_address: z.string(),
    body_bytes: z.int(),
    digest: z.string().meta({ description: 'SHA-256 of the body, hex.' }),
    attempts: z.int(),
    duplicates: z.int(),
    last_duplicate_at: shownAt.nullable(),
    transaction_id: z.string().nullable(),
    received_at: shownAt,
    updated_at: shownAt,
    payload: z.unknown().meta({ description: 'What was sent, personal data masked; null once it has expired.' }),
  })
  .meta({ id: 'Delivery' });

const { at } = samples;

/** The public routes of this service that the gateway passes on. Revio's own door is in docs/webhooks.md. */
export const operations: readonly Operation[] = [
  {
    id: 'listDeliveries',
    method: 'GET',
    path: '/admin/deliveries',
    tag: 'Webhooks',
    summary: 'What Revio delivered, newest first',
    description: 'All filters that are given must hold. `next_cursor` is null on the last page.',
    access: 'staff',
    query: deliveriesQuery,
    answers: {
      200: {
        description: 'A page',
        schema: z.object({ data: z.array(delivery), next_cursor: z.string().nullable() }),
      },
    },
    examples: [
      {
        name: 'The newest one',
        query: { limit: '1' },
        status: 200,
        answer: {
          data: [
            {
              id: samples.deliveryId,
              state: 'completed',
              reason: null,
              event_type: 'purchase.paid',
              object_type: 'purchase',
              object_id: '0d2f8a3e-7c41-4b5a-9e60-3f1d5b7a9c24',
              scheme: 'plain',
              signed_by: 'webhook',
              event_id: null,
              sent_at: null,
              signature: 'mV0R…',
              source_address: '203.0.113.7',
              body_bytes: 5812,
              digest: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
              attempts: 1,
              duplicates: 0,
              last_duplicate_at: null,
              transaction_id: samples.depositId,
              received_at: at,
              updated_at: at,
              payload: { type: 'purchase', status: 'paid' },
            },
          ],
          next_cursor: null,
        },
      },
      { name: 'A limit that is too large', query: { limit: '101' }, status: 422 },
    ],
  },
];
