import { EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';
import type { Act } from './approval/act-store.ts';
import type { BankAccount } from './bank-account/bank-account-store.ts';
import type { Freeze } from './freezes/freeze-store.ts';
import type { WebhookEvent } from './history/webhook-event-store.ts';
import type { TimelineEntry, Transaction } from './transaction/transaction.ts';
import type { PreparedPayout } from './withdrawal/payout-store.ts';

/** The tables as the migrations leave them (a test compares the two), for reads. The money path is SQL. */

const text = (name: string) => ({ name, type: 'text' }) as const;
const maybeText = (name: string) => ({ name, type: 'text', nullable: true }) as const;
const uuid = (name: string) => ({ name, type: 'uuid' }) as const;
const instant = (name: string) => ({ name, type: 'timestamptz', precision: 3 }) as const;
const maybeInstant = (name: string) => ({ ...instant(name), nullable: true }) as const;
const key = (column: EntitySchemaColumnOptions, constraint: string): EntitySchemaColumnOptions => ({
  ...column,
  primary: true,
  primaryKeyConstraintName: constraint,
});

const transactions = new EntitySchema<Transaction>({
  name: 'transactions',
  columns: {
    id: key(text('id'), 'transactions_pkey'),
    userId: uuid('user_id'),
    kind: text('kind'),
    status: text('status'),
    reason: maybeText('reason'),
    amountMinor: { name: 'amount_minor', type: 'bigint' },
    currency: { name: 'currency', type: 'char', length: 3 },
    emailSealed: maybeText('email_sealed'),
    nextStep: maybeText('next_step'),
    leasedUntil: maybeInstant('leased_until'),
    attempts: { name: 'attempts', type: 'integer' },
    purchaseId: maybeText('purchase_id'),
    checkoutUrl: maybeText('checkout_url'),
    dueAt: maybeInstant('due_at'),
    bankAccountId: { ...uuid('bank_account_id'), nullable: true },
    approval: maybeText('approval'),
    reservedAt: maybeInstant('reserved_at'),
    payoutId: maybeText('payout_id'),
    executeSentAt: maybeInstant('execute_sent_at'),
    reversalOf: maybeText('reversal_of'),
    reversal: maybeText('reversal'),
    sourceId: maybeText('source_id'),
    requestId: maybeText('request_id'),
    traceparent: maybeText('traceparent'),
    createdAt: instant('created_at'),
    updatedAt: instant('updated_at'),
  },
  indices: [
    {
      name: 'transactions_of_user',
      columns: ['userId', 'createdAt', 'id', 'status', 'kind', 'currency', 'amountMinor', 'reversal'],
    },
    { name: 'transactions_of_user_by_amount', columns: ['userId', 'currency', 'amountMinor', 'id'] },
    // By expressions, which only SQL can say.
    { name: 'transactions_by_time', columns: ['createdAt', 'id'], synchronize: false },
    { name: 'transactions_by_status', columns: ['status', 'createdAt', 'id'], synchronize: false },
    { name: 'transactions_by_amount', columns: ['currency', 'amountMinor', 'id'], synchronize: false },
    { name: 'transactions_reversals', columns: ['reversalOf'], where: 'reversal_of IS NOT NULL' },
    {
      name: 'transactions_waiting',
      columns: ['createdAt', 'id'],
      where: `approval = 'waiting' AND status = 'pending'`,
    },
    { name: 'transactions_due', columns: ['nextStep', 'leasedUntil'], where: 'next_step IS NOT NULL' },
    { name: 'transactions_purchase_once', columns: ['purchaseId'], unique: true, where: 'purchase_id IS NOT NULL' },
    { name: 'transactions_source_once', columns: ['sourceId'], unique: true, where: 'source_id IS NOT NULL' },
  ],
  checks: [
    { name: 'transactions_amount_positive', expression: 'amount_minor > 0' },
    {
      name: 'transactions_status_of_kind',
      expression: `CASE kind
        WHEN 'deposit' THEN status IN ('pending', 'completed', 'failed', 'expired', 'cancelled')
        WHEN 'withdrawal' THEN status IN ('pending', 'processing', 'voiding', 'completed', 'failed', 'cancelled')
        WHEN 'reversal' THEN status = 'completed'
        ELSE false END`,
    },
    { name: 'transactions_step_leased', expression: '(next_step IS NULL) = (leased_until IS NULL)' },
    {
      name: 'transactions_intent_is_final',
      expression: `execute_sent_at IS NULL OR (payout_id IS NOT NULL AND status NOT IN ('pending', 'voiding', 'cancelled'))`,
    },
    {
      name: 'transactions_approval_known',
      expression: `approval IS NULL OR (kind = 'withdrawal' AND approval IN ('waiting', 'approved', 'rejected'))`,
    },
    {
      name: 'transactions_approved_before_intent',
      expression: `execute_sent_at IS NULL OR approval IS NULL OR approval = 'approved'`,
    },
    {
      name: 'transactions_reversal_named',
      expression: `(kind = 'reversal') = (reversal IS NOT NULL AND reversal_of IS NOT NULL AND source_id IS NOT NULL)`,
    },
  ],
});

const timeline = new EntitySchema<TimelineEntry & { id: bigint; transactionId: string }>({
  name: 'timeline',
  columns: {
    id: { ...key({ name: 'id', type: 'bigint' }, 'timeline_pkey'), generated: 'increment' },
    transactionId: text('transaction_id'),
    status: text('status'),
    reason: maybeText('reason'),
    at: instant('at'),
  },
  indices: [{ name: 'timeline_of_transaction', columns: ['transactionId', 'id'] }],
});

interface KeyRow {
  userId: string;
  key: string;
  inputHash: string;
  transactionId: string;
  answerStatus: number | null;
  answerBody: string | null;
  createdAt: Date;
}

const idempotencyKeys = new EntitySchema<KeyRow>({
  name: 'idempotency_keys',
  columns: {
    userId: key(uuid('user_id'), 'idempotency_keys_pkey'),
    key: key(text('key'), 'idempotency_keys_pkey'),
    inputHash: text('input_hash'),
    transactionId: text('transaction_id'),
    answerStatus: { name: 'answer_status', type: 'integer', nullable: true },
    answerBody: maybeText('answer_body'),
    createdAt: instant('created_at'),
  },
  uniques: [{ name: 'idempotency_keys_transaction_once', columns: ['transactionId'] }],
  checks: [{ name: 'idempotency_keys_answered_whole', expression: '(answer_status IS NULL) = (answer_body IS NULL)' }],
});

const payouts = new EntitySchema<PreparedPayout>({
  name: 'payouts',
  columns: {
    payoutId: key(text('payout_id'), 'payouts_pkey'),
    transactionId: text('transaction_id'),
    executionUrl: text('execution_url'),
    createdOn: instant('created_on'),
    requestedAt: instant('requested_at'),
    deadAt: maybeInstant('dead_at'),
  },
  indices: [
    { name: 'payouts_one_alive', columns: ['transactionId'], unique: true, where: 'dead_at IS NULL' },
    { name: 'payouts_of_transaction', columns: ['transactionId'] },
  ],
});

const bankAccounts = new EntitySchema<BankAccount>({
  name: 'bank_accounts',
  columns: {
    id: key(uuid('id'), 'bank_accounts_pkey'),
    userId: uuid('user_id'),
    bankCode: text('bank_code'),
    bankName: maybeText('bank_name'),
    detailsSealed: text('details_sealed'),
    createdAt: instant('created_at'),
    removedAt: maybeInstant('removed_at'),
  },
  indices: [{ name: 'bank_accounts_of_user', columns: ['userId', 'createdAt', 'id'] }],
});

const acts = new EntitySchema<Act>({
  name: 'acts',
  columns: {
    id: key(uuid('id'), 'acts_pkey'),
    at: instant('at'),
    actorId: uuid('actor_id'),
    action: text('action'),
    transactionId: text('transaction_id'),
    note: maybeText('note'),
  },
  indices: [{ name: 'acts_of_transaction', columns: ['transactionId'] }],
  checks: [
    {
      name: 'acts_action_known',
      expression: `action IN ('withdrawal_approved', 'withdrawal_rejected', 'payout_found', 'payout_absent')`,
    },
  ],
});

const freezes = new EntitySchema<Freeze>({
  name: 'freezes',
  columns: {
    id: key(uuid('id'), 'freezes_pkey'),
    userId: { ...uuid('user_id'), nullable: true },
    currency: { type: 'char', length: 3, nullable: true },
    lifted: { type: 'boolean' },
  },
  indices: [{ name: 'freezes_in_force', columns: ['userId', 'currency'], where: 'NOT lifted' }],
  checks: [{ name: 'freezes_owner_whole', expression: '(user_id IS NULL) = (currency IS NULL)' }],
});

const webhookEvents = new EntitySchema<WebhookEvent>({
  name: 'webhook_events',
  columns: {
    deliveryId: key(uuid('delivery_id'), 'webhook_events_pkey'),
    transactionId: maybeText('transaction_id'),
    eventType: maybeText('event_type'),
    receivedAt: maybeInstant('received_at'),
    outcome: maybeText('outcome'),
    reason: maybeText('reason'),
    toldAt: maybeInstant('told_at'),
  },
  indices: [
    {
      name: 'webhook_events_of_transaction',
      columns: ['transactionId', 'receivedAt'],
      where: 'transaction_id IS NOT NULL',
    },
  ],
});

export const entities = [transactions, timeline, idempotencyKeys, payouts, bankAccounts, acts, freezes, webhookEvents];
