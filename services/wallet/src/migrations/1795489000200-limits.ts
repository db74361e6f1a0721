import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Limits1795489000200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- What was held on the newest day and in its month, on the row that every hold locks: a SUM over the day's holds would be a read
      -- that every other hold of the user conflicts with. No index covers any of it, so the updates stay HOT.
      ALTER TABLE wallets
        ADD COLUMN counted_on date,
        ADD COLUMN counted_day_minor bigint NOT NULL DEFAULT 0,
        ADD COLUMN counted_month_minor bigint NOT NULL DEFAULT 0,
        ADD COLUMN moved_at timestamptz,
        ADD CONSTRAINT wallets_counted_not_negative CHECK (
          counted_day_minor >= 0 AND counted_month_minor >= counted_day_minor);
      UPDATE wallets SET moved_at = (SELECT max(created_at) FROM entries WHERE wallet_id = wallets.id);

      ALTER TABLE holds
        ADD COLUMN counted_on date,
        ADD COLUMN limit_minor bigint,
        ADD COLUMN left_minor bigint,
        DROP CONSTRAINT holds_refusal_known,
        ADD CONSTRAINT holds_refusal_known CHECK (
          refusal IN ('insufficient_funds', 'wallet_frozen', 'wallet_in_debt', 'voided', 'daily_limit_exceeded',
            'monthly_limit_exceeded')),
        ADD CONSTRAINT holds_limit_named CHECK (
          (refusal IS NOT NULL AND refusal IN ('daily_limit_exceeded', 'monthly_limit_exceeded'))
            = (limit_minor IS NOT NULL AND left_minor IS NOT NULL AND counted_on IS NOT NULL));

      -- The balance at a past moment is one look-up per account: its last entry until then carries it.
      CREATE INDEX entries_balance_at ON entries (wallet_id, account, created_at, wallet_version, line)
        WHERE balance_minor IS NOT NULL;

      GRANT UPDATE (counted_on, counted_day_minor, counted_month_minor, moved_at) ON wallets TO wallet_service;
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
