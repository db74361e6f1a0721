import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What people found at Revio after a restore is an act as well. */
export class PaymentsLookUps1795524000100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE acts
        DROP CONSTRAINT acts_action_known,
        ADD CONSTRAINT acts_action_known CHECK (
          action IN ('withdrawal_approved', 'withdrawal_rejected', 'payout_found', 'payout_absent'));
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
