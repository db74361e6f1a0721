import { EntitySchema } from 'typeorm';
import type { Act } from './freezes/act.ts';
import type { Freeze } from './freezes/freeze.ts';
import type { Entry, Posting } from './ledger/booking.ts';
import type { Hold, Wallet } from './ledger/ledger.ts';
import type { ParkedVerdict } from './ledger/ledger-store.ts';

/** The tables as the migrations leave them (a test compares the two), for the reads. The money path is SQL. */

const hex = { to: (text: string) => Buffer.from(text, 'hex'), from: (bytes: Buffer) => bytes.toString('hex') };
const currency = { type: 'char', length: 3 } as const;

export const walletSchema = new EntitySchema<Wallet & { createdAt: Date }>({
  name: 'wallets',
  columns: {
    id: { type: 'uuid', primary: true, primaryKeyConstraintName: 'wallets_pkey' },
    userId: { name: 'user_id', type: 'uuid' },
    currency,
    availableMinor: { name: 'available_minor', type: 'bigint' },
    heldMinor: { name: 'held_minor', type: 'bigint' },
    receivableMinor: { name: 'receivable_minor', type: 'bigint' },
    version: { type: 'bigint' },
    lastHash: { name: 'last_hash', type: 'bytea', transformer: hex },
    frozenAt: { name: 'frozen_at', type: 'timestamptz', nullable: true },
    countedOn: { name: 'counted_on', type: 'date', nullable: true },
    dayMinor: { name: 'counted_day_minor', type: 'bigint', default: 0 },
    monthMinor: { name: 'counted_month_minor', type: 'bigint', default: 0 },
    movedAt: { name: 'moved_at', type: 'timestamptz', nullable: true },
    createdAt: { name: 'created_at', type: 'timestamptz' },
  },
  uniques: [{ name: 'wallets_owner_unique', columns: ['userId', 'currency'] }],
  checks: [
    { name: 'wallets_available_not_negative', expression: 'available_minor >= 0' },
    { name: 'wallets_held_not_negative', expression: 'held_minor >= 0' },
    { name: 'wallets_receivable_not_positive', expression: 'receivable_minor <= 0' },
    {
      name: 'wallets_counted_not_negative',
      expression: 'counted_day_minor >= 0 AND counted_month_minor >= counted_day_minor',
    },
  ],
});

const holdSchema = new EntitySchema<Hold & { decidedAt: Date; settledAt: Date | null }>({
  name: 'holds',
  columns: {
    transactionId: { name: 'transaction_id', type: 'text', primary: true, primaryKeyConstraintName: 'holds_pkey' },
    userId: { name: 'user_id', type: 'uuid' },
    currency,
    amountMinor: { name: 'amount_minor', type: 'bigint' },
    refusal: { type: 'text', nullable: true },
    settlement: { type: 'text', nullable: true },
    returnedPayoutId: { name: 'returned_payout_id', type: 'text', nullable: true },
    countedOn: { name: 'counted_on', type: 'date', nullable: true },
    limitMinor: { name: 'limit_minor', type: 'bigint', nullable: true },
    leftMinor: { name: 'left_minor', type: 'bigint', nullable: true },
    decidedAt: { name: 'decided_at', type: 'timestamptz' },
    settledAt: { name: 'settled_at', type: 'timestamptz', nullable: true },
  },
  checks: [
    { name: 'holds_amount_positive', expression: 'amount_minor > 0' },
    {
      name: 'holds_refusal_known',
      expression: `refusal IN ('insufficient_funds', 'wallet_frozen', 'wallet_in_debt', 'voided', 'daily_limit_exceeded',
        'monthly_limit_exceeded')`,
    },
    {
      name: 'holds_limit_named',
      expression: `(refusal IS NOT NULL AND refusal IN ('daily_limit_exceeded', 'monthly_limit_exceeded'))
        = (limit_minor IS NOT NULL AND left_minor IS NOT NULL AND counted_on IS NOT NULL)`,
    },
    { name: 'holds_settlement_known', expression: `settlement IN ('post', 'void')` },
    { name: 'holds_settled_once', expression: '(settlement IS NULL) = (settled_at IS NULL)' },
    { name: 'holds_refused_never_posted', expression: `refusal IS NULL OR settlement IS DISTINCT FROM 'post'` },
    {
      name: 'holds_returned_after_post',
      expression: `returned_payout_id IS NULL OR settlement IS NOT DISTINCT FROM 'post'`,
    },
  ],
});

export const postingSchema = new EntitySchema<Posting & { writtenBy?: bigint }>({
  name: 'postings',
  columns: {
    id: { type: 'uuid', primary: true, primaryKeyConstraintName: 'postings_pkey' },
    kind: { type: 'text' },
    sourceId: { name: 'source_id', type: 'text' },
    settlement: { type: 'text', nullable: true },
    reverses: { type: 'text', nullable: true },
    transactionId: { name: 'transaction_id', type: 'text' },
    walletId: { name: 'wallet_id', type: 'uuid' },
    walletVersion: { name: 'wallet_version', type: 'bigint' },
    currency,
    amountMinor: { name: 'amount_minor', type: 'bigint' },
    createdAt: { name: 'created_at', type: 'timestamptz' },
    // The transaction that wrote it: the feed's affair alone (ADR 14). The casts of the default are lost on TypeORM's way to compare it.
    writtenBy: { name: 'written_by', type: 'bigint', select: false, default: () => '((pg_current_xact_id()))' },
  },
  uniques: [{ name: 'postings_kind_source_unique', columns: ['kind', 'sourceId'] }],
  indices: [
    { name: 'postings_transaction', columns: ['transactionId'] },
    { name: 'postings_created', columns: ['createdAt', 'id'] },
    { name: 'postings_reverses', columns: ['reverses'], where: 'reverses IS NOT NULL' },
    { name: 'postings_feed', columns: ['writtenBy', 'id'] },
  ],
  checks: [
    {
      name: 'postings_kind_known',
      expression: `kind IN ('credit', 'hold', 'settlement', 'reversal', 'payout-return', 'adjustment')`,
    },
    { name: 'postings_amount_positive', expression: 'amount_minor > 0' },
    {
      name: 'postings_settlement_known',
      expression: `CASE WHEN kind = 'settlement' THEN settlement IS NOT NULL AND settlement IN ('post', 'void')
        ELSE settlement IS NULL END`,
    },
    { name: 'postings_reversal_names_credit', expression: `(kind = 'reversal') = (reverses IS NOT NULL)` },
  ],
});

const entryKey = { primary: true, primaryKeyConstraintName: 'entries_pkey' } as const;

export const entrySchema = new EntitySchema<Entry>({
  name: 'entries',
  columns: {
    walletId: { name: 'wallet_id', type: 'uuid', ...entryKey },
    walletVersion: { name: 'wallet_version', type: 'bigint', ...entryKey },
    line: { type: 'smallint', ...entryKey },
    postingId: { name: 'posting_id', type: 'uuid' },
    account: { type: 'text' },
    currency,
    amountMinor: { name: 'amount_minor', type: 'bigint' },
    balanceMinor: { name: 'balance_minor', type: 'bigint', nullable: true },
    previousHash: { name: 'previous_hash', type: 'bytea', transformer: hex },
    hash: { type: 'bytea', transformer: hex },
    traceId: { name: 'trace_id', type: 'text', nullable: true },
    createdAt: { name: 'created_at', type: 'timestamptz' },
  },
  indices: [
    { name: 'entries_receivable', columns: ['walletId', 'walletVersion', 'line'], where: "account = 'receivable'" },
  ],
  checks: [
    {
      name: 'entries_account_known',
      expression: `account IN ('available', 'held', 'receivable', 'revio:clearing', 'adjustments')`,
    },
    { name: 'entries_amount_not_zero', expression: 'amount_minor <> 0' },
  ],
});

const parkedKey = { primary: true, primaryKeyConstraintName: 'parked_verdicts_pkey' } as const;

const parkedVerdictSchema = new EntitySchema<ParkedVerdict & { parkedAt: Date }>({
  name: 'parked_verdicts',
  columns: {
    kind: { type: 'text', ...parkedKey },
    sourceId: { name: 'source_id', type: 'text', ...parkedKey },
    waitsFor: { name: 'waits_for', type: 'text' },
    transactionId: { name: 'transaction_id', type: 'text' },
    userId: { name: 'user_id', type: 'uuid' },
    currency,
    amountMinor: { name: 'amount_minor', type: 'bigint' },
    reversal: { type: 'text', nullable: true },
    parkedAt: { name: 'parked_at', type: 'timestamptz' },
  },
  indices: [{ name: 'parked_verdicts_waits_for', columns: ['waitsFor'] }],
  checks: [
    { name: 'parked_verdicts_kind_known', expression: `kind IN ('reversal', 'payout-return')` },
    { name: 'parked_verdicts_reversal_named', expression: `(kind = 'reversal') = (reversal IS NOT NULL)` },
  ],
});

type FreezeRow = Omit<Freeze, 'owner'> & { userId: string | null; currency: string | null };

export const freezeSchema = new EntitySchema<FreezeRow>({
  name: 'freezes',
  columns: {
    id: { type: 'uuid', primary: true, primaryKeyConstraintName: 'freezes_pkey' },
    userId: { name: 'user_id', type: 'uuid', nullable: true },
    currency: { ...currency, nullable: true },
    reason: { type: 'text' },
    frozenBy: { name: 'frozen_by', type: 'text' },
    frozenAt: { name: 'frozen_at', type: 'timestamptz' },
    releaseProposedBy: { name: 'release_proposed_by', type: 'text', nullable: true },
    releaseProposedAt: { name: 'release_proposed_at', type: 'timestamptz', nullable: true },
    releasedBy: { name: 'released_by', type: 'text', nullable: true },
    releasedAt: { name: 'released_at', type: 'timestamptz', nullable: true },
  },
  indices: [
    {
      name: 'freezes_one_per_wallet',
      columns: ['userId', 'currency'],
      unique: true,
      where: 'released_at IS NULL',
    },
  ],
  checks: [
    { name: 'freezes_owner_whole', expression: '(user_id IS NULL) = (currency IS NULL)' },
    {
      name: 'freezes_proposal_whole',
      expression: '(release_proposed_by IS NULL) = (release_proposed_at IS NULL)',
    },
    { name: 'freezes_release_whole', expression: '(released_by IS NULL) = (released_at IS NULL)' },
    {
      name: 'freezes_released_by_another',
      expression: 'released_by IS NULL OR (release_proposed_by IS NOT NULL AND released_by <> release_proposed_by)',
    },
  ],
});

const actSchema = new EntitySchema<Act>({
  name: 'acts',
  columns: {
    id: { type: 'uuid', primary: true, primaryKeyConstraintName: 'acts_pkey' },
    at: { type: 'timestamptz' },
    actorId: { name: 'actor_id', type: 'uuid' },
    action: { type: 'text' },
    freezeId: { name: 'freeze_id', type: 'uuid' },
  },
  indices: [{ name: 'acts_freeze', columns: ['freezeId'] }],
});

export const entities = [
  walletSchema,
  holdSchema,
  postingSchema,
  entrySchema,
  parkedVerdictSchema,
  freezeSchema,
  actSchema,
];
