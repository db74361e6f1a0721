import { z } from 'zod';
import { samples, serviceNames, shownAt, storyLine } from '#libs/contracts';
import type { Operation } from '#libs/http';

const service = z.enum(serviceNames);

const story = z
  .object({
    transaction_id: z.string(),
    incomplete: z.array(service).meta({ description: 'Services that did not answer: what they know is missing.' }),
    cut: z.array(service).meta({ description: 'Services that know more than the oldest 200 things.' }),
    data: z.array(
      z.object({
        at: shownAt,
        service,
        kind: storyLine.shape.kind,
        text: z.string(),
        ids: storyLine.shape.ids.meta({ description: 'Of messages, postings, deliveries, acts and objects at Revio.' }),
        trace_id: z.string().nullable().meta({ description: 'Of the W3C trace that it happened in.' }),
      }),
    ),
  })
  .meta({ id: 'TransactionStory' });

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';

export const storyOperations: readonly Operation[] = [
  {
    id: 'readTransactionStory',
    method: 'GET',
    path: '/admin/transactions/:id/story',
    tag: 'Transactions',
    summary: 'What all services know of a transaction, by time',
    description:
      'The request, each status, the hold and the postings with their entries, every message with who told and who heard it, Revio’s webhooks, what was decided and what people did. Ids and amounts only. Messages are told of as long as they are kept (14 days by default).',
    access: 'staff',
    params: { id: z.string() },
    answers: { 200: { description: 'Oldest first', schema: story } },
    problems: ['transaction_not_found'],
    examples: [
      {
        name: 'A deposit',
        params: { id: samples.depositId },
        status: 200,
        answer: {
          transaction_id: samples.depositId,
          incomplete: [],
          cut: [],
          data: [
            {
              at: samples.at,
              service: 'payments',
              kind: 'request',
              text: 'A deposit of 150.00 ZAR began.',
              ids: { request_id: '0b9f2c1e-5a7d-4e3b-8c60-9d1f3a5b7c24' },
              trace_id: traceId,
            },
          ],
        },
      },
      { name: 'Nobody’s', params: { id: samples.userId }, status: 404 },
    ],
  },
];
