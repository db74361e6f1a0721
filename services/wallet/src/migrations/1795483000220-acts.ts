import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Acts1795483000220 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- What admins did, written in the transaction that did it; append-only by grant.
      CREATE TABLE acts (
        id uuid PRIMARY KEY,
        at timestamptz NOT NULL,
        actor_id uuid NOT NULL,
        action text NOT NULL,
        freeze_id uuid NOT NULL
      );
      CREATE INDEX acts_freeze ON acts (freeze_id);
      GRANT SELECT, INSERT ON acts TO wallet_service;
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
