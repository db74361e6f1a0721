import { EntitySchema } from 'typeorm';
import type { Case } from './cases/case.ts';
import type { Waiting } from './reconciler-store.ts';
import type { ProviderObject, Subject } from './subject.ts';
import type { Verdict } from './verdict.ts';

/** The tables as the migrations leave them (a test compares the two). What decides is SQL. */

const moment = (name: string) => ({ name, type: 'timestamptz' }) as const;
const perhaps = (name: string) => ({ name, type: 'timestamptz', nullable: true }) as const;

const subjectSchema = new EntitySchema<Subject>({
  name: 'subjects',
  columns: {
    transactionId: { name: 'transaction_id', type: 'text', primary: true, primaryKeyConstraintName: 'subjects_pkey' },
    userId: { name: 'user_id', type: 'uuid', nullable: true },
    currency: { type: 'char', length: 3, nullable: true },
    amountMinor: { name: 'amount_minor', type: 'bigint', nullable: true },
    objectId: { name: 'object_id', type: 'text', nullable: true },
    requestedAt: perhaps('requested_at'),
    dueAt: perhaps('due_at'),
    executeSentAt: perhaps('execute_sent_at'),
    endedAt: perhaps('ended_at'),
    endedAs: { name: 'ended_as', type: 'text', nullable: true },
    reportedAt: perhaps('reported_at'),
  },
  indices: [
    {
      name: 'subjects_without_object',
      columns: ['requestedAt'],
      where: 'object_id IS NULL AND ended_at IS NULL AND reported_at IS NULL',
    },
  ],
  checks: [
    { name: 'subjects_amount_positive', expression: 'amount_minor > 0' },
    { name: 'subjects_ending_known', expression: `ended_as IN ('completed', 'failed', 'expired', 'cancelled')` },
    { name: 'subjects_ended_with_word', expression: '(ended_at IS NULL) = (ended_as IS NULL)' },
  ],
});

const objectSchema = new EntitySchema<ProviderObject>({
  name: 'objects',
  columns: {
    objectId: { name: 'object_id', type: 'text', primary: true, primaryKeyConstraintName: 'objects_pkey' },
    objectType: { name: 'object_type', type: 'text' },
    transactionId: { name: 'transaction_id', type: 'text', nullable: true },
    lastStatus: { name: 'last_status', type: 'text', nullable: true },
    lastUpdatedOn: perhaps('last_updated_on'),
    readStatus: { name: 'read_status', type: 'text', nullable: true },
    readUpdatedOn: perhaps('read_updated_on'),
    readAt: perhaps('read_at'),
    absences: { type: 'integer', default: 0 },
    reads: { type: 'integer', default: 0 },
    nextReadAt: perhaps('next_read_at'),
  },
  indices: [
    { name: 'objects_transaction', columns: ['transactionId'] },
    { name: 'objects_due', columns: ['nextReadAt'], where: 'next_read_at IS NOT NULL' },
  ],
  checks: [{ name: 'objects_type_known', expression: `object_type IN ('purchase', 'payout', 'payment')` }],
});

const waitingSchema = new EntitySchema<Waiting>({
  name: 'waiting',
  columns: {
    id: { type: 'uuid', primary: true, primaryKeyConstraintName: 'waiting_pkey' },
    objectId: { name: 'object_id', type: 'text' },
    deliveryId: { name: 'delivery_id', type: 'uuid', nullable: true },
    observation: { type: 'jsonb' },
    parkedAt: moment('parked_at'),
    triedAt: moment('tried_at'),
  },
  indices: [
    { name: 'waiting_object', columns: ['objectId'] },
    { name: 'waiting_tried', columns: ['triedAt'] },
  ],
});

const verdictSchema = new EntitySchema<Verdict & { id: bigint }>({
  name: 'verdicts',
  columns: {
    id: { type: 'bigint', primary: true, generated: 'increment', primaryKeyConstraintName: 'verdicts_pkey' },
    slot: { type: 'text' },
    sourceId: { name: 'source_id', type: 'text' },
    transactionId: { name: 'transaction_id', type: 'text' },
    outcome: { type: 'text' },
    objectId: { name: 'object_id', type: 'text' },
    amountMinor: { name: 'amount_minor', type: 'bigint' },
    reason: { type: 'text' },
    updatedOn: moment('updated_on'),
    decidedAt: moment('decided_at'),
    evidence: { type: 'jsonb' },
  },
  uniques: [{ name: 'verdicts_once', columns: ['slot', 'sourceId'] }],
  indices: [{ name: 'verdicts_transaction', columns: ['transactionId'] }],
  checks: [
    { name: 'verdicts_amount_positive', expression: 'amount_minor > 0' },
    {
      name: 'verdicts_outcome_fits',
      expression: `CASE slot
        WHEN 'credit' THEN outcome = 'settled'
        WHEN 'payout' THEN outcome IN ('settled', 'failed')
        WHEN 'reversal' THEN outcome IN ('refund', 'chargeback')
        WHEN 'return' THEN outcome = 'returned'
        WHEN 'failure' THEN outcome IN ('failed', 'expired', 'cancelled')
        ELSE false END`,
    },
  ],
});

const caseSchema = new EntitySchema<Case>({
  name: 'cases',
  columns: {
    id: { type: 'uuid', primary: true, primaryKeyConstraintName: 'cases_pkey' },
    cause: { type: 'text' },
    about: { type: 'text' },
    transactionId: { name: 'transaction_id', type: 'text', nullable: true },
    objectId: { name: 'object_id', type: 'text', nullable: true },
    evidence: { type: 'jsonb' },
    status: { type: 'text' },
    openedAt: moment('opened_at'),
  },
  uniques: [{ name: 'cases_once', columns: ['cause', 'about'] }],
  indices: [{ name: 'cases_opened', columns: ['openedAt'] }],
  checks: [{ name: 'cases_status_known', expression: `status = 'open'` }],
});

export const entities = [subjectSchema, objectSchema, waitingSchema, verdictSchema, caseSchema];
