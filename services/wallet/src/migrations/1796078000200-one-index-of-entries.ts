import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Each index that begins with the wallet is a page of its own per wallet, which every posting of it reads, dirties and, once per checkpoint, writes
 * whole into the WAL; `entries_balance_at` had two. What it found is found by the key, which carries the columns that are looked at on the way. Debts
 * have an index of their own: most wallets never had any, and all their entries would be looked at to know; and no hold writes into it. The strongest
 * lock first: asked for after the index is built, a long reader would let it run out of time, and all would be built again.
 */
export class OneIndexOfEntries1796078000200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      LOCK TABLE entries IN ACCESS EXCLUSIVE MODE;
      CREATE UNIQUE INDEX entries_key ON entries (wallet_id, wallet_version, line) INCLUDE (created_at, account, balance_minor);
      ALTER TABLE entries DROP CONSTRAINT entries_pkey, ADD CONSTRAINT entries_pkey PRIMARY KEY USING INDEX entries_key;
      DROP INDEX entries_balance_at;
      CREATE INDEX entries_receivable ON entries (wallet_id, wallet_version, line) WHERE account = 'receivable';
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
