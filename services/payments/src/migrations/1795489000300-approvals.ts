import type { MigrationInterface, QueryRunner } from 'typeorm';

export class PaymentsApprovals1795489000300 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE transactions
        ADD COLUMN approval text,
        ADD CONSTRAINT transactions_approval_known CHECK (
          approval IS NULL OR (kind = 'withdrawal' AND approval IN ('waiting', 'approved', 'rejected'))),
        -- Whatever a worker believes: what waits for an approval, or was rejected, is never executed.
        ADD CONSTRAINT transactions_approved_before_intent CHECK (
          execute_sent_at IS NULL OR approval IS NULL OR approval = 'approved');
      CREATE INDEX transactions_waiting ON transactions (created_at, id) WHERE approval = 'waiting' AND status = 'pending';

      -- What admins did, for good: the service itself can neither change nor delete it.
      CREATE TABLE acts (
        id uuid NOT NULL,
        at timestamptz(3) NOT NULL,
        actor_id uuid NOT NULL,
        action text NOT NULL,
        transaction_id text NOT NULL,
        note text,
        CONSTRAINT acts_pkey PRIMARY KEY (id),
        CONSTRAINT acts_action_known CHECK (action IN ('withdrawal_approved', 'withdrawal_rejected'))
      );
      CREATE INDEX acts_of_transaction ON acts (transaction_id);

      ALTER TABLE bank_accounts ADD COLUMN removed_at timestamptz(3);

      GRANT UPDATE (approval) ON transactions TO payments_service;
      GRANT SELECT, INSERT ON acts TO payments_service;
      GRANT UPDATE (removed_at) ON bank_accounts TO payments_service;
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
