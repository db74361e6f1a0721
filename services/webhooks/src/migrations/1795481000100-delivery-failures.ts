import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DeliveryFailures1795481000100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE webhook_logs
        DROP CONSTRAINT webhook_logs_state_known,
        ADD CONSTRAINT webhook_logs_state_known CHECK (state IN ('unverified', 'refused', 'stored', 'received', 'retrying',
          'processing', 'completed', 'case', 'dead_lettered'))
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
