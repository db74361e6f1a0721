import type { Sql } from '#libs/db';
import type { BankAccount, BankAccountTx } from './bank-account-store.ts';

const selected = `id, user_id AS "userId", bank_code AS "bankCode", bank_name AS "bankName",
  details_sealed AS "detailsSealed", created_at AS "createdAt", removed_at AS "removedAt"`;

export const postgresBankAccounts = (sql: Sql): BankAccountTx => ({
  // An advisory lock, because the row that two requests would meet on is the one that is not there yet.
  lockBankAccounts: async (userId) => {
    await sql.run(`SELECT pg_advisory_xact_lock(hashtextextended('bank_accounts:' || $1, 0))`, [userId]);
  },
  insertBankAccount: async ({ id, userId, bankCode, bankName, detailsSealed, createdAt }) => {
    await sql.run(
      `INSERT INTO bank_accounts (id, user_id, bank_code, bank_name, details_sealed, created_at)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [id, userId, bankCode, bankName, detailsSealed, createdAt],
    );
  },
  findBankAccount: async (userId, id) => {
    const [account] = await sql.rows<BankAccount>(
      `SELECT ${selected} FROM bank_accounts WHERE id = $1 AND user_id = $2`,
      [id, userId],
    );
    return account;
  },
  removeBankAccount: async (userId, id, at) => {
    await sql.run('UPDATE bank_accounts SET removed_at = $3 WHERE id = $1 AND user_id = $2 AND removed_at IS NULL', [
      id,
      userId,
      at,
    ]);
  },
  listBankAccounts: (userId, limit) =>
    sql.rows<BankAccount>(
      `SELECT ${selected} FROM bank_accounts WHERE user_id = $1 AND removed_at IS NULL ORDER BY created_at DESC, id DESC LIMIT $2`,
      [userId, limit],
    ),
});
