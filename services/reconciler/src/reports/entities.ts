import { EntitySchema } from 'typeorm';
import type { ObservedMove } from './observed-move.ts';
import type { Report, ReportRun, Statement, StatementLine } from './report.ts';
import type { ReportItem } from './report-store.ts';

/** The tables as the migration leaves them; a test compares the two. */

const moment = (name: string) => ({ name, type: 'timestamptz' }) as const;
const currency = { type: 'char', length: 3 } as const;
const perhaps = <Type extends 'text' | 'bigint' | 'timestamptz' | 'boolean' | 'uuid'>(name: string, type: Type) =>
  ({ name, type, nullable: true }) as const;

const moveKey = { primary: true, primaryKeyConstraintName: 'observed_moves_pkey' } as const;
const observedMoveSchema = new EntitySchema<ObservedMove>({
  name: 'observed_moves',
  columns: {
    kind: { type: 'text', ...moveKey },
    objectId: { name: 'object_id', type: 'text', ...moveKey },
    reference: { type: 'text' },
    currency: { type: 'text' },
    amountMinor: { name: 'amount_minor', type: 'bigint' },
    feeMinor: { name: 'fee_minor', type: 'bigint' },
    movedAt: moment('moved_at'),
    updatedOn: moment('updated_on'),
    isRead: { name: 'is_read', type: 'boolean' },
  },
  indices: [{ name: 'observed_moves_moved', columns: ['movedAt'] }],
  checks: [
    {
      name: 'observed_moves_kind_known',
      expression: `kind IN ('deposit', 'withdrawal', 'reversal', 'payout_return')`,
    },
  ],
});

const statementSchema = new EntitySchema<Statement & { sequence: bigint }>({
  name: 'statements',
  columns: {
    id: { type: 'uuid', primary: true, primaryKeyConstraintName: 'statements_pkey' },
    sequence: { type: 'bigint', generated: 'increment' },
    day: { type: 'date' },
    contentHash: { name: 'content_hash', type: 'text' },
    lines: { type: 'integer' },
    importedBy: { name: 'imported_by', type: 'uuid' },
    importedAt: moment('imported_at'),
  },
  indices: [{ name: 'statements_day', columns: ['day', 'sequence'] }],
});

const lineKey = { primary: true, primaryKeyConstraintName: 'statement_lines_pkey' } as const;
const statementLineSchema = new EntitySchema<StatementLine & { statementId: string }>({
  name: 'statement_lines',
  columns: {
    statementId: { name: 'statement_id', type: 'uuid', ...lineKey },
    line: { type: 'integer', ...lineKey },
    kind: { type: 'text' },
    objectId: { name: 'object_id', type: 'text' },
    reference: { type: 'text' },
    currency,
    grossMinor: { name: 'gross_minor', type: 'bigint' },
    feeMinor: { name: 'fee_minor', type: 'bigint' },
    status: { type: 'text' },
    at: { type: 'timestamptz' },
  },
  indices: [{ name: 'statement_lines_object', columns: ['objectId'] }],
  checks: [
    {
      name: 'statement_lines_kind_known',
      expression: `kind IN ('deposit', 'withdrawal', 'reversal', 'payout_return', 'fee')`,
    },
    { name: 'statement_lines_not_negative', expression: 'gross_minor >= 0 AND fee_minor >= 0' },
  ],
});

const reportRunSchema = new EntitySchema<ReportRun & { claimedUntil: Date | null }>({
  name: 'report_runs',
  columns: {
    id: { type: 'uuid', primary: true, primaryKeyConstraintName: 'report_runs_pkey' },
    day: { type: 'date' },
    currency,
    cause: { type: 'text' },
    requestedAt: moment('requested_at'),
    state: { type: 'text' },
    attempts: { type: 'integer', default: 0 },
    claimedUntil: perhaps('claimed_until', 'timestamptz'),
    failure: { type: 'text', nullable: true },
  },
  uniques: [{ name: 'report_runs_once', columns: ['day', 'currency', 'cause'] }],
  indices: [{ name: 'report_runs_wanted', columns: ['requestedAt'], where: `state = 'wanted'` }],
  checks: [
    { name: 'report_runs_state_known', expression: `state IN ('wanted', 'done', 'failed')` },
    { name: 'report_runs_failed_with_reason', expression: `(state = 'failed') = (failure IS NOT NULL)` },
  ],
});

const reportDaySchema = new EntitySchema<{ day: string; scheduledAt: Date }>({
  name: 'report_days',
  columns: {
    day: { type: 'date', primary: true, primaryKeyConstraintName: 'report_days_pkey' },
    scheduledAt: moment('scheduled_at'),
  },
});

const reportSchema = new EntitySchema<Report>({
  name: 'reports',
  columns: {
    id: { type: 'uuid', primary: true, primaryKeyConstraintName: 'reports_pkey' },
    runId: { name: 'run_id', type: 'uuid' },
    day: { type: 'date' },
    currency,
    version: { type: 'integer' },
    zone: { type: 'text' },
    from: moment('from_at'),
    until: moment('until_at'),
    takenAt: moment('taken_at'),
    isFinal: { name: 'is_final', type: 'boolean' },
    statementId: perhaps('statement_id', 'uuid'),
    unread: { type: 'integer' },
    totals: { type: 'jsonb' },
  },
  uniques: [
    { name: 'reports_one_per_run', columns: ['runId'] },
    { name: 'reports_version_unique', columns: ['day', 'currency', 'version'] },
  ],
});

const itemKey = { primary: true, primaryKeyConstraintName: 'report_items_pkey' } as const;
const reportItemSchema = new EntitySchema<ReportItem & { reportId: string }>({
  name: 'report_items',
  columns: {
    reportId: { name: 'report_id', type: 'uuid', ...itemKey },
    line: { type: 'integer', ...itemKey },
    result: { type: 'text' },
    kind: { type: 'text' },
    objectId: { name: 'object_id', type: 'text' },
    transactionId: perhaps('transaction_id', 'text'),
    reference: { type: 'text', nullable: true },
    ourCurrency: perhaps('our_currency', 'text'),
    ourMinor: perhaps('our_minor', 'bigint'),
    ourAt: perhaps('our_at', 'timestamptz'),
    ourDay: perhaps('our_day', 'boolean'),
    theirCurrency: perhaps('their_currency', 'text'),
    theirMinor: perhaps('their_minor', 'bigint'),
    theirStatus: perhaps('their_status', 'text'),
    theirAt: perhaps('their_at', 'timestamptz'),
    theirDay: perhaps('their_day', 'boolean'),
    toldBy: perhaps('told_by', 'text'),
    differenceMinor: { name: 'difference_minor', type: 'bigint' },
    caseId: perhaps('case_id', 'uuid'),
  },
  checks: [
    {
      name: 'report_items_result_known',
      expression: `result IN ('matched', 'missing_here', 'missing_there', 'amount', 'currency', 'status', 'ours_alone')`,
    },
  ],
});

export const reportEntities = [
  observedMoveSchema,
  statementSchema,
  statementLineSchema,
  reportRunSchema,
  reportDaySchema,
  reportSchema,
  reportItemSchema,
];
