import type { MigrationInterface, QueryRunner } from 'typeorm';

export class PaymentsHistory1795488000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- A page of one user's history in any order of time, whatever else it is filtered by: what follows the sort key is there so that rows
      -- which do not fit are passed over inside the index, and so that counts and sums read nothing but the index.
      DROP INDEX transactions_of_user;
      CREATE INDEX transactions_of_user ON transactions
        (user_id, created_at, id, status, kind, currency, amount_minor, reversal);
      CREATE INDEX transactions_of_user_by_amount ON transactions (user_id, currency, amount_minor, id);
      -- The same across users, for support.
      CREATE INDEX transactions_by_time ON transactions (created_at, id);
      CREATE INDEX transactions_by_status ON transactions (status, created_at, id);
      CREATE INDEX transactions_by_amount ON transactions (currency, amount_minor, id);
      CREATE INDEX transactions_reversals ON transactions (reversal_of) WHERE reversal_of IS NOT NULL;

      -- Revio's deliveries as the user may see them: two messages tell of one, in any order.
      CREATE TABLE webhook_events (
        delivery_id uuid NOT NULL,
        transaction_id text,
        event_type text,
        received_at timestamptz(3),
        outcome text,
        reason text,
        told_at timestamptz(3),
        CONSTRAINT webhook_events_pkey PRIMARY KEY (delivery_id)
      );
      CREATE INDEX webhook_events_of_transaction ON webhook_events (transaction_id, received_at)
        WHERE transaction_id IS NOT NULL;

      GRANT SELECT, INSERT ON webhook_events TO payments_service;
      GRANT UPDATE (transaction_id, event_type, received_at, outcome, reason, told_at) ON webhook_events TO payments_service;
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
