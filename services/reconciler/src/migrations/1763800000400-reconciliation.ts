import type { MigrationInterface, QueryRunner } from 'typeorm';
import { leasesSchema } from '#libs/db';
import { messagingSchema } from '#libs/messaging';

export class Reconciliation1763800000400 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- No foreign keys between these: either side of a match may come first.
      CREATE TABLE subjects (
        transaction_id text PRIMARY KEY,
        user_id uuid,
        currency char(3),
        amount_minor bigint,
        object_id text,
        requested_at timestamptz,
        due_at timestamptz,
        execute_sent_at timestamptz,
        ended_at timestamptz,
        ended_as text,
        reported_at timestamptz,
        CONSTRAINT subjects_amount_positive CHECK (amount_minor > 0),
        CONSTRAINT subjects_ending_known CHECK (ended_as IN ('completed', 'failed', 'expired', 'cancelled')),
        CONSTRAINT subjects_ended_with_word CHECK ((ended_at IS NULL) = (ended_as IS NULL))
      ) WITH (fillfactor = 80);
      CREATE INDEX subjects_without_object ON subjects (requested_at)
        WHERE object_id IS NULL AND ended_at IS NULL AND reported_at IS NULL;

      CREATE TABLE objects (
        object_id text PRIMARY KEY,
        object_type text NOT NULL,
        transaction_id text,
        last_status text,
        last_updated_on timestamptz,
        read_status text,
        read_updated_on timestamptz,
        read_at timestamptz,
        absences integer NOT NULL DEFAULT 0,
        reads integer NOT NULL DEFAULT 0,
        next_read_at timestamptz,
        CONSTRAINT objects_type_known CHECK (object_type IN ('purchase', 'payout', 'payment'))
      ) WITH (fillfactor = 80);
      CREATE INDEX objects_transaction ON objects (transaction_id);
      CREATE INDEX objects_due ON objects (next_read_at) WHERE next_read_at IS NOT NULL;

      CREATE TABLE waiting (
        id uuid PRIMARY KEY,
        object_id text NOT NULL,
        delivery_id uuid,
        observation jsonb NOT NULL,
        parked_at timestamptz NOT NULL,
        tried_at timestamptz NOT NULL
      );
      CREATE INDEX waiting_object ON waiting (object_id);
      CREATE INDEX waiting_tried ON waiting (tried_at);

      -- The one place where "never twice" is kept: what a slot has once been given cannot be decided again, by anybody.
      CREATE TABLE verdicts (
        id bigserial PRIMARY KEY,
        slot text NOT NULL,
        source_id text NOT NULL,
        transaction_id text NOT NULL,
        outcome text NOT NULL,
        object_id text NOT NULL,
        amount_minor bigint NOT NULL,
        reason text NOT NULL,
        updated_on timestamptz NOT NULL,
        decided_at timestamptz NOT NULL,
        evidence jsonb NOT NULL,
        CONSTRAINT verdicts_once UNIQUE (slot, source_id),
        CONSTRAINT verdicts_amount_positive CHECK (amount_minor > 0),
        CONSTRAINT verdicts_outcome_fits CHECK (CASE slot
          WHEN 'credit' THEN outcome = 'settled'
          WHEN 'payout' THEN outcome IN ('settled', 'failed')
          WHEN 'reversal' THEN outcome IN ('refund', 'chargeback')
          WHEN 'return' THEN outcome = 'returned'
          WHEN 'failure' THEN outcome IN ('failed', 'expired', 'cancelled')
          ELSE false END)
      );
      CREATE INDEX verdicts_transaction ON verdicts (transaction_id);

      CREATE TABLE cases (
        id uuid PRIMARY KEY,
        cause text NOT NULL,
        about text NOT NULL,
        transaction_id text,
        object_id text,
        evidence jsonb NOT NULL,
        status text NOT NULL,
        opened_at timestamptz NOT NULL,
        CONSTRAINT cases_once UNIQUE (cause, about),
        CONSTRAINT cases_status_known CHECK (status = 'open')
      );
      CREATE INDEX cases_opened ON cases (opened_at);
      ${leasesSchema};
      ${messagingSchema}
    `);
    await runner.query(`
      -- Verdicts are never taken back or changed: what was wrong is put right by a posting that two people approve.
      GRANT SELECT, INSERT ON verdicts, cases TO reconciler_service;
      GRANT USAGE ON SEQUENCE verdicts_id_seq TO reconciler_service;
      GRANT SELECT, INSERT, UPDATE ON subjects, objects, leases TO reconciler_service;
      GRANT SELECT, INSERT, UPDATE, DELETE ON waiting TO reconciler_service;
      GRANT SELECT, INSERT, UPDATE (published_at, retry_at) ON outbox TO reconciler_service;
      GRANT USAGE ON SEQUENCE outbox_id_seq TO reconciler_service;
      GRANT SELECT, INSERT ON inbox TO reconciler_service;
      GRANT SELECT ON migrations TO reconciler_service;

      CREATE SCHEMA audit;
      CREATE VIEW audit.outbox AS SELECT message_id::text, created_at, published_at FROM outbox;
      CREATE VIEW audit.inbox AS SELECT consumer, message_id::text, processed_at FROM inbox;
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
