import type { MigrationInterface, QueryRunner } from 'typeorm';

export class FailedReads1795402500400 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Reads in a row that failed though Revio could be asked, and when the last one did: by them the next one is put off.
      ALTER TABLE objects
        ADD COLUMN failed_reads integer NOT NULL DEFAULT 0,
        ADD COLUMN read_failed_at timestamptz
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
