import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a role that only reads may see of the past, on a replica: no sealed e-mail, no bank account, nothing that is still to be sent. */
export class PaymentsHistoryReader1795524000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      GRANT SELECT (id, user_id, kind, status, reason, amount_minor, currency, next_step, leased_until, attempts, purchase_id,
        checkout_url, due_at, bank_account_id, approval, reserved_at, payout_id, execute_sent_at, reversal_of, reversal, source_id,
        created_at, updated_at) ON transactions TO payments_history;
      GRANT SELECT (payout_id, transaction_id) ON payouts TO payments_history;
      GRANT SELECT (user_id, key, transaction_id) ON idempotency_keys TO payments_history;
      GRANT SELECT (name, expires_at) ON leases TO payments_history;
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
