import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Adjustments1795389600200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE postings
        DROP CONSTRAINT postings_kind_known,
        ADD CONSTRAINT postings_kind_known CHECK (
          kind IN ('credit', 'hold', 'settlement', 'reversal', 'payout-return', 'adjustment'));
      ALTER TABLE entries
        DROP CONSTRAINT entries_account_known,
        ADD CONSTRAINT entries_account_known CHECK (
          account IN ('available', 'held', 'receivable', 'revio:clearing', 'adjustments'));

      CREATE OR REPLACE VIEW audit.accounts AS
        SELECT 'wallet:' || id || ':' || account AS account_id, 'user_' || account AS kind, user_id::text, currency, balance_minor,
          account = 'receivable' AS may_go_negative
        FROM wallets, LATERAL (VALUES ('available', available_minor), ('held', held_minor), ('receivable', receivable_minor))
          AS each (account, balance_minor)
        UNION ALL
        SELECT account || ':' || currency, CASE account WHEN 'adjustments' THEN account ELSE 'provider_clearing' END, NULL, currency,
          sum(amount_minor)::bigint, true
        FROM entries WHERE account IN ('revio:clearing', 'adjustments') GROUP BY account, currency;
      -- What an adjustment did to the user is on its first line: adjustments gave, or available did.
      CREATE OR REPLACE VIEW audit.op_txs AS
        SELECT transaction_id AS op_id, id::text AS tx_id,
          CASE kind WHEN 'settlement' THEN CASE settlement WHEN 'post' THEN 'settle' ELSE 'release' END
            WHEN 'reversal' THEN 'reverse' WHEN 'payout-return' THEN 'reverse'
            WHEN 'adjustment' THEN (
              SELECT CASE account WHEN 'adjustments' THEN 'credit' ELSE 'reverse' END FROM entries
              WHERE entries.wallet_id = postings.wallet_id AND entries.wallet_version = postings.wallet_version AND line = 1)
            ELSE kind END AS effect
        FROM postings;
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
