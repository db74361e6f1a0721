import { z } from 'zod';
import { samples, serviceNames, shownAt, shownUuid } from '#libs/contracts';
import type { Operation } from '#libs/http';
import { deadLetterStates } from './dead-letter.ts';
import { deadLetterGroupsQuery, deadLettersQuery, discardBody, replayBody, replaysBody } from './request-schemas.ts';

const queue = z.enum(serviceNames).meta({ description: 'Whose queue it died in.' });
const messageType = z.string().nullable().meta({ description: 'What the message says it is; null of junk.' });
const reason = z.string().meta({ description: 'What was wrong, without values.' });
const count = z.int().min(0);

const deadLetterFields = {
  id: shownUuid,
  queue,
  state: z.enum(deadLetterStates),
  message_id: z.string(),
  type: messageType,
  correlation_id: z.string().nullable().meta({ description: 'The transaction that it is about.' }),
  reason,
  attempts: count,
  deaths: count,
  replays: count,
  first_died_at: shownAt,
  died_at: shownAt,
  note: z.string().nullable().meta({ description: 'Why it was discarded.' }),
};
const deadLetter = z.object(deadLetterFields).meta({ id: 'DeadLetter' });
const group = z
  .object({ queue, type: messageType, reason, count, first_died_at: shownAt, last_died_at: shownAt })
  .meta({ id: 'DeadLetterGroup' });
const replayJob = z
  .object({
    id: shownUuid,
    state: z.enum(['running', 'done', 'cancelled']),
    total: count,
    waiting: count,
    done: count,
    failed: count,
    cancelled: count,
    died_again: count.meta({ description: 'Of those done, the ones that have died since.' }),
    wanted: z.looseObject({}),
    requested_by: shownUuid,
    requested_at: shownAt,
    ended_at: shownAt.nullable(),
  })
  .meta({ id: 'ReplayJob' });
const foretold = z
  .object({
    id: shownUuid,
    queue,
    message_id: z.string(),
    type: messageType,
    effect: z.enum(['none', 'handled', 'dies_again', 'unknown']),
    detail: z.string(),
  })
  .meta({ id: 'ForetoldReplay' });
const wholeLetter = z
  .object({
    ...deadLetterFields,
    trace_id: z.string().nullable(),
    content_type: z.string().nullable(),
    headers: z.unknown(),
    payload_bytes: count,
    payload: z.unknown().meta({ description: 'As JSON, or null.' }),
    payload_base64: z.string().nullable().meta({ description: 'Where it is no JSON: its first 64 KiB.' }),
    history: z.array(z.object({ died_at: shownAt, reason, attempts: count })),
    replay_jobs: z.array(replayJob),
  })
  .meta({ id: 'DeadLetterDetails' });

const { at } = samples;
const aDeadLetter = {
  id: samples.key,
  queue: 'wallet',
  state: 'open',
  message_id: samples.deliveryId,
  type: 'reconciler.deposit-settled.v1',
  correlation_id: samples.depositId,
  reason: 'QueryFailedError 42P01',
  attempts: 4,
  deaths: 1,
  replays: 0,
  first_died_at: at,
  died_at: at,
  note: null,
} as const;
const aGroup = {
  ...{ queue: 'wallet', type: 'reconciler.deposit-settled.v1', reason: 'QueryFailedError 42P01', count: 12 },
  ...{ first_died_at: at, last_died_at: at },
};
const aJob = {
  ...{ id: samples.key, state: 'running', total: 12, waiting: 4, done: 8, failed: 0, cancelled: 0, died_again: 0 },
  ...{ wanted: { filter: { queue: 'wallet' } }, requested_by: samples.adminId, requested_at: at, ended_at: null },
};
/** The samples' key names no dead letter and no job. */
const nothing = { name: 'Of an id that names nothing', params: { id: samples.key }, status: 404 };
const id = { id: shownUuid };
const many = <Item extends z.ZodType>(item: Item) => z.object({ data: z.array(item) });
const replayAnswers = {
  200: { description: 'With `dry_run`: what each would come to', schema: many(foretold) },
  202: { description: 'The job, which runs from now on', schema: replayJob },
};

/** Dead letter queues for people (docs/dead-letters.md). */
export const deadLetterOperations: readonly Operation[] = [
  {
    id: 'listDeadLetters',
    ...{ method: 'GET', path: '/admin/dead-letters', tag: 'People', access: 'staff' },
    summary: 'Messages that no service could process, the latest first',
    query: deadLettersQuery,
    answers: {
      200: {
        description: 'A page',
        schema: z.object({ data: z.array(deadLetter), next_cursor: z.string().nullable() }),
      },
    },
    examples: [
      {
        ...{ name: 'What waits for a human', query: { state: 'open', queue: 'wallet' }, status: 200 },
        answer: { data: [aDeadLetter], next_cursor: null },
      },
    ],
  },
  {
    id: 'groupDeadLetters',
    ...{ method: 'GET', path: '/admin/dead-letter-groups', tag: 'People', access: 'staff' },
    summary: 'The same, grouped by queue, type and error',
    query: deadLetterGroupsQuery,
    answers: { 200: { description: 'The largest group first', schema: many(group) } },
    examples: [{ name: 'What is wrong', query: { state: 'open' }, status: 200, answer: { data: [aGroup] } }],
  },
  {
    id: 'readDeadLetter',
    ...{ method: 'GET', path: '/admin/dead-letters/:id', tag: 'People', access: 'staff' },
    summary: 'One with its payload, headers, trace and history',
    params: id,
    answers: { 200: { description: 'The dead letter', schema: wholeLetter } },
    examples: [nothing],
  },
  {
    id: 'replayDeadLetter',
    ...{ method: 'POST', path: '/admin/dead-letters/:id/replay', tag: 'People', access: 'admin' },
    summary: 'Put one back into its queue, under its own id',
    description: 'What was handled before is not handled again: `dry_run` says so beforehand.',
    params: id,
    body: replayBody,
    answers: replayAnswers,
    examples: [{ ...nothing, body: { dry_run: true } }],
  },
  {
    id: 'discardDeadLetter',
    ...{ method: 'POST', path: '/admin/dead-letters/:id/discard', tag: 'People', access: 'admin' },
    summary: 'Decide that one is not needed any more',
    params: id,
    body: discardBody,
    answers: { 200: { description: 'The dead letter', schema: deadLetter } },
    problems: ['dead_letter_not_open', 'replay_under_way'],
    examples: [{ ...nothing, body: { reason: 'sent by a test' } }],
  },
  {
    id: 'replayDeadLetters',
    ...{ method: 'POST', path: '/admin/dead-letter-replays', tag: 'People', access: 'admin' },
    summary: 'Put many back: by ids, or all open ones that have something in common',
    body: replaysBody,
    answers: replayAnswers,
    problems: ['nothing_to_replay'],
    examples: [
      {
        ...{ name: 'What it would come to', body: { queue: 'wallet', dry_run: true }, status: 200 },
        answer: {
          data: [
            {
              ...{ id: samples.key, queue: 'wallet', message_id: samples.deliveryId, effect: 'none' },
              ...{ type: 'reconciler.deposit-settled.v1', detail: 'already applied: none' },
            },
          ],
        },
      },
    ],
  },
  {
    id: 'listReplays',
    ...{ method: 'GET', path: '/admin/dead-letter-replays', tag: 'People', access: 'staff' },
    summary: 'Replay jobs, newest first',
    answers: { 200: { description: 'The newest hundred', schema: many(replayJob) } },
    examples: [{ name: 'All', status: 200, answer: { data: [aJob] } }],
  },
  {
    id: 'readReplay',
    ...{ method: 'GET', path: '/admin/dead-letter-replays/:id', tag: 'People', access: 'staff' },
    summary: 'How far a replay job is',
    params: id,
    answers: { 200: { description: 'The job', schema: replayJob } },
    examples: [nothing],
  },
  {
    id: 'cancelReplay',
    ...{ method: 'POST', path: '/admin/dead-letter-replays/:id/cancel', tag: 'People', access: 'admin' },
    summary: 'Stop a replay job half-way',
    params: id,
    answers: { 200: { description: 'The job', schema: replayJob } },
    problems: ['replay_ended'],
    examples: [nothing],
  },
];
