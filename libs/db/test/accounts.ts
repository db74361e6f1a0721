import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The smallest schema that has a rule to break and a source id to be found by. */
export class Accounts1763800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE accounts (
        id text PRIMARY KEY,
        balance bigint NOT NULL,
        CONSTRAINT accounts_balance_not_negative CHECK (balance >= 0)
      );
      CREATE TABLE effects (source_id text PRIMARY KEY);
    `);
  }
  async down(): Promise<void> {}
}

export class Notes1763800000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE notes (id bigint PRIMARY KEY, text text NOT NULL)');
  }
  async down(): Promise<void> {}
}
