import { EntitySchema } from 'typeorm';
import type { DeadLetter } from './dead-letter.ts';
import type { Death } from './dead-letter-store.ts';
import type { ReplayItem, ReplayJob } from './replay-store.ts';

/** The tables as the migration leaves them; a test compares the two. */

const moment = (name: string) => ({ name, type: 'timestamptz' }) as const;

const deadLetterSchema = new EntitySchema<DeadLetter>({
  name: 'dead_letters',
  columns: {
    id: { type: 'uuid', primary: true, primaryKeyConstraintName: 'dead_letters_pkey' },
    consumer: { type: 'text' },
    messageId: { name: 'message_id', type: 'text' },
    digest: { type: 'text' },
    type: { type: 'text', nullable: true },
    correlationId: { name: 'correlation_id', type: 'text', nullable: true },
    traceparent: { type: 'text', nullable: true },
    contentType: { name: 'content_type', type: 'text', nullable: true },
    content: { type: 'bytea' },
    headers: { type: 'jsonb' },
    state: { type: 'text' },
    reason: { type: 'text' },
    attempts: { type: 'integer' },
    deaths: { type: 'integer' },
    replays: { type: 'integer' },
    firstDiedAt: moment('first_died_at'),
    diedAt: moment('died_at'),
    note: { type: 'text', nullable: true },
  },
  uniques: [{ name: 'dead_letters_once', columns: ['consumer', 'messageId', 'digest'] }],
  indices: [
    { name: 'dead_letters_died', columns: ['diedAt', 'id'] },
    { name: 'dead_letters_open', columns: ['consumer', 'diedAt'], where: `state = 'open'` },
    { name: 'dead_letters_transaction', columns: ['correlationId', 'diedAt'], where: 'correlation_id IS NOT NULL' },
  ],
  checks: [
    { name: 'dead_letters_state_known', expression: `state IN ('open', 'replayed', 'discarded')` },
    { name: 'dead_letters_discarded_with_reason', expression: `state <> 'discarded' OR note IS NOT NULL` },
  ],
});

const deathSchema = new EntitySchema<Death>({
  name: 'deaths',
  columns: {
    id: { type: 'text', primary: true, primaryKeyConstraintName: 'deaths_pkey' },
    deadLetterId: { name: 'dead_letter_id', type: 'uuid' },
    reason: { type: 'text' },
    attempts: { type: 'integer' },
    diedAt: moment('died_at'),
  },
  indices: [{ name: 'deaths_letter', columns: ['deadLetterId', 'diedAt'] }],
});

const replayJobSchema = new EntitySchema<ReplayJob>({
  name: 'replay_jobs',
  columns: {
    id: { type: 'uuid', primary: true, primaryKeyConstraintName: 'replay_jobs_pkey' },
    requestedBy: { name: 'requested_by', type: 'uuid' },
    requestedAt: moment('requested_at'),
    wanted: { type: 'jsonb' },
    state: { type: 'text' },
    endedAt: { name: 'ended_at', type: 'timestamptz', nullable: true },
  },
  indices: [
    { name: 'replay_jobs_requested', columns: ['requestedAt', 'id'] },
    { name: 'replay_jobs_running', columns: ['requestedAt'], where: `state = 'running'` },
  ],
  checks: [
    { name: 'replay_jobs_state_known', expression: `state IN ('running', 'done', 'cancelled')` },
    { name: 'replay_jobs_ended_with_time', expression: `(state = 'running') = (ended_at IS NULL)` },
  ],
});

const replayItemSchema = new EntitySchema<ReplayItem>({
  name: 'replay_items',
  columns: {
    jobId: { name: 'job_id', type: 'uuid', primary: true, primaryKeyConstraintName: 'replay_items_pkey' },
    deadLetterId: {
      name: 'dead_letter_id',
      type: 'uuid',
      primary: true,
      primaryKeyConstraintName: 'replay_items_pkey',
    },
    state: { type: 'text' },
    tries: { type: 'integer', default: 0 },
    endedAt: { name: 'ended_at', type: 'timestamptz', nullable: true },
  },
  indices: [
    { name: 'replay_items_waiting', columns: ['jobId'], where: `state = 'waiting'` },
    { name: 'replay_items_letter', columns: ['deadLetterId'] },
  ],
  checks: [{ name: 'replay_items_state_known', expression: `state IN ('waiting', 'done', 'failed', 'cancelled')` }],
});

export const deadLetterEntities = [deadLetterSchema, deathSchema, replayJobSchema, replayItemSchema];
