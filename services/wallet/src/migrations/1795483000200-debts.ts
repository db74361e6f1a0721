import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Debts1795483000200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- While a wallet owes something, nothing new is held of it (M7).
      ALTER TABLE holds
        DROP CONSTRAINT holds_refusal_known,
        ADD CONSTRAINT holds_refusal_known CHECK (
          refusal IN ('insufficient_funds', 'wallet_frozen', 'wallet_in_debt', 'voided'));
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
