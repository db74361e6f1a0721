import { EntitySchema } from 'typeorm';
import type { Case } from './cases/case.ts';
import { conservationEntities } from './conservation/entities.ts';
import { deadLetterEntities } from './dead-letters/entities.ts';
import type { Act } from './people/act.ts';
import type { Proposal } from './proposals/proposal.ts';
import type { Waiting } from './reconciler-store.ts';
import { reportEntities } from './reports/entities.ts';
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
    traceparent: { type: 'text', nullable: true },
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
    failedReads: { name: 'failed_reads', type: 'integer', default: 0 },
    readFailedAt: perhaps('read_failed_at'),
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
    assignee: { type: 'uuid', nullable: true },
    openedAt: moment('opened_at'),
    closedAt: perhaps('closed_at'),
  },
  uniques: [{ name: 'cases_once', columns: ['cause', 'about'] }],
  indices: [
    { name: 'cases_opened', columns: ['openedAt'] },
    { name: 'cases_transaction', columns: ['transactionId'], where: 'transaction_id IS NOT NULL' },
    { name: 'cases_object', columns: ['objectId'], where: 'object_id IS NOT NULL' },
  ],
  checks: [
    { name: 'cases_status_known', expression: `status IN ('open', 'in_review', 'resolved', 'dismissed')` },
    {
      name: 'cases_closed_with_time',
      expression: `(closed_at IS NOT NULL) = (status IN ('resolved', 'dismissed'))`,
    },
  ],
});

const actSchema = new EntitySchema<Act & { sequence: bigint }>({
  name: 'acts',
  columns: {
    id: { type: 'uuid', primary: true, primaryKeyConstraintName: 'acts_pkey' },
    sequence: { type: 'bigint', generated: 'increment' },
    at: moment('at'),
    actorId: { name: 'actor_id', type: 'uuid' },
    actorRole: { name: 'actor_role', type: 'text' },
    action: { type: 'text' },
    caseId: { name: 'case_id', type: 'uuid', nullable: true },
    proposalId: { name: 'proposal_id', type: 'text', nullable: true },
    about: { type: 'text', nullable: true },
    note: { type: 'text', nullable: true },
  },
  indices: [{ name: 'acts_case', columns: ['caseId', 'sequence'] }],
});

const proposalSchema = new EntitySchema<Proposal>({
  name: 'proposals',
  columns: {
    id: { type: 'text', primary: true, primaryKeyConstraintName: 'proposals_pkey' },
    kind: { type: 'text' },
    caseId: { name: 'case_id', type: 'uuid', nullable: true },
    content: { type: 'text' },
    contentHash: { name: 'content_hash', type: 'text' },
    proposedBy: { name: 'proposed_by', type: 'uuid' },
    proposedAt: moment('proposed_at'),
    expiresAt: moment('expires_at'),
    state: { type: 'text' },
    decidedBy: { name: 'decided_by', type: 'uuid', nullable: true },
    decidedAt: perhaps('decided_at'),
    note: { type: 'text', nullable: true },
    failure: { type: 'text', nullable: true },
  },
  indices: [
    { name: 'proposals_case', columns: ['caseId'], where: 'case_id IS NOT NULL' },
    { name: 'proposals_proposed', columns: ['proposedAt'] },
  ],
  checks: [
    { name: 'proposals_kind_known', expression: `kind IN ('adjustment', 'resolution')` },
    {
      name: 'proposals_content_unchanged',
      expression: `content_hash = encode(sha256(convert_to(content, 'UTF8')), 'hex')`,
    },
    {
      name: 'proposals_amount_positive',
      expression: `kind <> 'adjustment' OR (content::jsonb ->> 'amount_minor') ~ '^[1-9][0-9]{0,18}$'`,
    },
    {
      name: 'proposals_state_known',
      expression: `state IN ('proposed', 'rejected', 'approved', 'executed', 'failed')`,
    },
    { name: 'proposals_two_people', expression: 'decided_by <> proposed_by' },
    {
      name: 'proposals_decided_by_somebody',
      expression: `(state = 'proposed') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)`,
    },
    {
      name: 'proposals_decided_in_time',
      expression: `state IN ('proposed', 'rejected') OR decided_at < expires_at`,
    },
    { name: 'proposals_failed_with_reason', expression: `(state = 'failed') = (failure IS NOT NULL)` },
  ],
});

export const entities = [
  subjectSchema,
  objectSchema,
  waitingSchema,
  verdictSchema,
  caseSchema,
  actSchema,
  proposalSchema,
  ...conservationEntities,
  ...deadLetterEntities,
  ...reportEntities,
];
