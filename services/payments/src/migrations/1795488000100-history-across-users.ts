import type { MigrationInterface, QueryRunner } from 'typeorm';

export class PaymentsHistoryAcrossUsers1795488000100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- The same orders across users, by expressions that only the lists across users sort by. By the bare columns the planner would take these
      -- indices for one user's page too, hoping to meet the user soon; of one who has been quiet for a year it walked past a year of everybody
      -- else's rows first, which took seconds.
      DROP INDEX transactions_by_time;
      DROP INDEX transactions_by_status;
      DROP INDEX transactions_by_amount;
      CREATE INDEX transactions_by_time ON transactions ((created_at AT TIME ZONE 'UTC'), id);
      CREATE INDEX transactions_by_status ON transactions (status, (created_at AT TIME ZONE 'UTC'), id);
      CREATE INDEX transactions_by_amount ON transactions (currency, (amount_minor + 0), id);
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
