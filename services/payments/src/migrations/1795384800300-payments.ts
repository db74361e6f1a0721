import type { MigrationInterface, QueryRunner } from 'typeorm';
import { messagingSchema } from '#libs/messaging';

export class Payments1795384800300 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- A withdrawal's row is written six times in its life: the free fifth of each page keeps its versions together.
      CREATE TABLE transactions (
        id text NOT NULL,
        user_id uuid NOT NULL,
        kind text NOT NULL,
        status text NOT NULL,
        reason text,
        amount_minor bigint NOT NULL,
        currency char(3) NOT NULL,
        email_sealed text,
        next_step text,
        leased_until timestamptz(3),
        attempts integer NOT NULL,
        purchase_id text,
        checkout_url text,
        due_at timestamptz(3),
        bank_account_id uuid,
        reserved_at timestamptz(3),
        payout_id text,
        execute_sent_at timestamptz(3),
        reversal_of text,
        reversal text,
        source_id text,
        created_at timestamptz(3) NOT NULL,
        updated_at timestamptz(3) NOT NULL,
        CONSTRAINT transactions_pkey PRIMARY KEY (id),
        CONSTRAINT transactions_amount_positive CHECK (amount_minor > 0),
        CONSTRAINT transactions_status_of_kind CHECK (CASE kind
          WHEN 'deposit' THEN status IN ('pending', 'completed', 'failed', 'expired', 'cancelled')
          WHEN 'withdrawal' THEN status IN ('pending', 'processing', 'voiding', 'completed', 'failed', 'cancelled')
          WHEN 'reversal' THEN status = 'completed'
          ELSE false END),
        CONSTRAINT transactions_step_leased CHECK ((next_step IS NULL) = (leased_until IS NULL)),
        -- Nothing of ours may turn back what may have been executed, nor execute what was turned back.
        CONSTRAINT transactions_intent_is_final CHECK (
          execute_sent_at IS NULL OR (payout_id IS NOT NULL AND status NOT IN ('pending', 'voiding', 'cancelled'))),
        CONSTRAINT transactions_reversal_named CHECK (
          (kind = 'reversal') = (reversal IS NOT NULL AND reversal_of IS NOT NULL AND source_id IS NOT NULL))
      ) WITH (fillfactor = 80);
      CREATE INDEX transactions_of_user ON transactions (user_id, created_at, id);
      CREATE INDEX transactions_due ON transactions (next_step, leased_until) WHERE next_step IS NOT NULL;
      CREATE UNIQUE INDEX transactions_purchase_once ON transactions (purchase_id) WHERE purchase_id IS NOT NULL;
      CREATE UNIQUE INDEX transactions_source_once ON transactions (source_id) WHERE source_id IS NOT NULL;

      CREATE TABLE timeline (
        id bigserial NOT NULL,
        transaction_id text NOT NULL,
        status text NOT NULL,
        reason text,
        at timestamptz(3) NOT NULL,
        CONSTRAINT timeline_pkey PRIMARY KEY (id)
      );
      CREATE INDEX timeline_of_transaction ON timeline (transaction_id, id);

      CREATE TABLE idempotency_keys (
        user_id uuid NOT NULL,
        key text NOT NULL,
        input_hash text NOT NULL,
        transaction_id text NOT NULL,
        answer_status integer,
        answer_body text,
        created_at timestamptz(3) NOT NULL,
        CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_id, key),
        CONSTRAINT idempotency_keys_transaction_once UNIQUE (transaction_id),
        CONSTRAINT idempotency_keys_answered_whole CHECK ((answer_status IS NULL) = (answer_body IS NULL))
      );

      CREATE TABLE payouts (
        payout_id text NOT NULL,
        transaction_id text NOT NULL,
        execution_url text NOT NULL,
        created_on timestamptz(3) NOT NULL,
        requested_at timestamptz(3) NOT NULL,
        dead_at timestamptz(3),
        CONSTRAINT payouts_pkey PRIMARY KEY (payout_id)
      );
      CREATE UNIQUE INDEX payouts_one_alive ON payouts (transaction_id) WHERE dead_at IS NULL;

      CREATE TABLE bank_accounts (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        bank_code text NOT NULL,
        bank_name text,
        details_sealed text NOT NULL,
        created_at timestamptz(3) NOT NULL,
        CONSTRAINT bank_accounts_pkey PRIMARY KEY (id)
      );
      CREATE INDEX bank_accounts_of_user ON bank_accounts (user_id, created_at, id);
      ${messagingSchema}
    `);
    await runner.query(`
      GRANT SELECT, INSERT ON transactions, timeline, idempotency_keys, payouts, bank_accounts TO payments_service;
      -- What a transaction is about never changes: its owner, kind, amount and currency.
      GRANT UPDATE (status, reason, next_step, leased_until, attempts, purchase_id, checkout_url, due_at, reserved_at, payout_id,
        execute_sent_at, updated_at) ON transactions TO payments_service;
      GRANT UPDATE (answer_status, answer_body) ON idempotency_keys TO payments_service;
      GRANT UPDATE (dead_at) ON payouts TO payments_service;
      GRANT SELECT, INSERT, UPDATE (published_at, retry_at) ON outbox TO payments_service;
      GRANT USAGE ON SEQUENCE outbox_id_seq, timeline_id_seq TO payments_service;
      GRANT SELECT, INSERT ON inbox TO payments_service;
      GRANT SELECT ON migrations TO payments_service;
    `);
    await runner.query(`
      CREATE SCHEMA audit;
      CREATE VIEW audit.operations AS
        SELECT t.id AS op_id,
          CASE WHEN t.kind = 'reversal' THEN t.reversal ELSE t.kind END AS kind,
          t.user_id::text AS user_id, t.currency, t.amount_minor, t.status,
          COALESCE(t.purchase_id, t.payout_id, t.source_id) AS provider_id, k.key AS idempotency_key,
          t.status IN ('completed', 'failed', 'expired', 'cancelled') AS terminal, t.created_at, t.updated_at
        FROM transactions t LEFT JOIN idempotency_keys k ON k.transaction_id = t.id;
      CREATE VIEW audit.outbox AS SELECT message_id::text AS message_id, created_at, published_at FROM outbox;
      CREATE VIEW audit.inbox AS SELECT consumer, message_id::text AS message_id, processed_at FROM inbox;
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
