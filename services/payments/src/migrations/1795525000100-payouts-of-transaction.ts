import type { MigrationInterface, QueryRunner } from 'typeorm';

export class PaymentsPayoutsOfTransaction1795525000100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Support reads all payouts of a withdrawal, those that became too old as well, which `payouts_one_alive` does not hold. While it is
    // built no payout is written down; a worker whose write runs out of time tries again, and what nobody wrote down is never executed.
    await runner.query('CREATE INDEX payouts_of_transaction ON payouts (transaction_id)');
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
