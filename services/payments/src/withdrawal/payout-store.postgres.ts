import type { Sql } from '#libs/db';
import type { PayoutTx, PreparedPayout } from './payout-store.ts';

export const postgresPayouts = (sql: Sql): PayoutTx => ({
  insertPayout: async ({ payoutId, transactionId, executionUrl, createdOn, requestedAt, deadAt }) => {
    await sql.run(
      `INSERT INTO payouts (payout_id, transaction_id, execution_url, created_on, requested_at, dead_at)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [payoutId, transactionId, executionUrl, createdOn, requestedAt, deadAt],
    );
  },
  findPayout: async (payoutId) => {
    const [payout] = await sql.rows<PreparedPayout>(
      `SELECT payout_id AS "payoutId", transaction_id AS "transactionId", execution_url AS "executionUrl",
         created_on AS "createdOn", requested_at AS "requestedAt", dead_at AS "deadAt"
       FROM payouts WHERE payout_id = $1`,
      [payoutId],
    );
    return payout;
  },
  buryPayout: async (payoutId, at) => {
    await sql.run('UPDATE payouts SET dead_at = $2 WHERE payout_id = $1 AND dead_at IS NULL', [payoutId, at]);
  },
});
