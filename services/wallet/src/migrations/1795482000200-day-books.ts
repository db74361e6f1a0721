import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DayBooks1795482000200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- The postings of a day, for the daily report. They are inserted and never changed, so no update pays for it.
      CREATE INDEX postings_created ON postings (created_at, id);
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
