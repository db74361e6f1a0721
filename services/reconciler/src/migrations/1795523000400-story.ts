import type { MigrationInterface, QueryRunner } from 'typeorm';
import { storySchema } from '#libs/messaging';

export class ReconcilerStory1795523000400 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- The trace that the transaction began in: what is decided about it continues that one, not the delivery's that told of it.
      ALTER TABLE subjects ADD COLUMN traceparent text;
      ${storySchema}
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
