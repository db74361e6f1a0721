import type { MigrationInterface, QueryRunner } from 'typeorm';
import { storySchema } from '#libs/messaging';

export class PaymentsStory1795523000300 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Whose request began it and in which trace: what its workers do later continues that one.
      ALTER TABLE transactions ADD COLUMN request_id text, ADD COLUMN traceparent text;
      ${storySchema}
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
