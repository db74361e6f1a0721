import type { MigrationInterface, QueryRunner } from 'typeorm';

export class StatementsAgain1795482100400 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Whoever imported the wrong file after the right one imports the right one again: it must become the latest of its day. That one
      -- request is one statement is kept by a lock of the day (importStatement).
      ALTER TABLE statements DROP CONSTRAINT statements_once;
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
