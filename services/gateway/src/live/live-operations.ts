import { z } from 'zod';
import { samples } from '#libs/contracts';
import type { Operation } from '#libs/http';

export const liveOperations: readonly Operation[] = [
  {
    id: 'followTransaction',
    method: 'GET',
    path: '/transactions/:id/events',
    tag: 'Transactions',
    summary: 'Live status of one of your transactions, as server-sent events',
    description:
      'Each `status` event is an entry of the timeline: `id` is its number, `data` has `transaction_id`, `status`, `reason` and `at`. All that happened so far comes first. Send the last `id` as `Last-Event-ID` when you come back, to any replica: nothing is lost and nothing comes twice. An `end` event says why the stream ends: `ended` (the transaction has; a reader that comes back with the last id is answered 204), `token_expired` (come back with a fresh access token) or `restarting` (come back). A comment comes every 15 seconds. Five streams at once for each user.',
    access: 'user',
    params: { id: z.string() },
    answers: {
      200: { description: 'The stream', type: 'text/event-stream' },
      204: { description: 'The transaction has ended, and there is nothing after `Last-Event-ID`' },
    },
    problems: ['transaction_not_found', 'too_many_streams'],
    examples: [
      { name: 'From the beginning', params: { id: samples.depositId }, status: 200 },
      { name: 'Nobody’s', params: { id: samples.userId }, status: 404 },
    ],
  },
];
