import type { MigrationInterface, QueryRunner } from 'typeorm';

export class PostingsFeed1795483000210 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Which transaction wrote the posting: what makes a cursor over postings safe (ADR 14). All that is there was committed before
      -- any that comes, so it is 0: a constant, which rewrites no row.
      ALTER TABLE postings ADD COLUMN written_by bigint NOT NULL DEFAULT 0;
      ALTER TABLE postings ALTER COLUMN written_by SET DEFAULT ((pg_current_xact_id())::text)::bigint;
      CREATE INDEX postings_feed ON postings (written_by, id);
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
