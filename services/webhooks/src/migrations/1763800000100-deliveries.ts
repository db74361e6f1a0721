import type { MigrationInterface, QueryRunner } from 'typeorm';
import { messagingSchema } from '#libs/messaging';

export class Deliveries1763800000100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE webhook_logs (
        id uuid PRIMARY KEY,
        delivery_key text,
        digest text NOT NULL,
        scheme text NOT NULL,
        state text NOT NULL,
        reason text,
        event_type text,
        object_type text,
        object_id text,
        source_address text NOT NULL,
        signature text,
        body_bytes integer NOT NULL,
        payload text,
        attempts integer NOT NULL,
        transaction_id text,
        received_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT webhook_logs_delivery_key_key UNIQUE (delivery_key),
        CONSTRAINT webhook_logs_scheme_known CHECK (scheme IN ('plain', 'timestamped')),
        CONSTRAINT webhook_logs_state_known CHECK (state IN
          ('unverified', 'refused', 'stored', 'received', 'processing', 'completed', 'case')),
        -- What was not accepted takes no place among the keys: a forged copy must not swallow the genuine delivery after it.
        CONSTRAINT webhook_logs_key_if_accepted CHECK ((delivery_key IS NULL) = (state IN ('unverified', 'refused')))
      ) WITH (fillfactor = 80);
      CREATE INDEX webhook_logs_transaction ON webhook_logs (transaction_id, received_at) WHERE transaction_id IS NOT NULL;
      ${messagingSchema}
    `);
    await runner.query(`
      GRANT SELECT, INSERT ON webhook_logs TO webhooks_service;
      GRANT UPDATE (state, reason, transaction_id, attempts, updated_at) ON webhook_logs TO webhooks_service;
      GRANT SELECT, INSERT, UPDATE (published_at, retry_at) ON outbox TO webhooks_service;
      GRANT USAGE ON SEQUENCE outbox_id_seq TO webhooks_service;
      GRANT SELECT, INSERT ON inbox TO webhooks_service;
      GRANT SELECT ON migrations TO webhooks_service;
    `);
    await runner.query(`
      CREATE SCHEMA audit;
      CREATE VIEW audit.webhooks AS
        SELECT digest, object_id, event_type AS event, state <> 'unverified' AS verified, received_at, state FROM webhook_logs;
      CREATE VIEW audit.outbox AS SELECT message_id::text, created_at, published_at FROM outbox;
      CREATE VIEW audit.inbox AS SELECT consumer, message_id::text, processed_at FROM inbox;
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
