import type { Sql } from '#libs/db';
import { type Currency, formatAmount } from '#libs/money';
import type { Owner } from './ledger/ledger.ts';

/** One look-up in the index `entries_balance_at`: an account's last entry until then carries its balance. None: nothing was there yet. */
const balanceAt = (account: 'available' | 'held' | 'receivable'): string => `
  coalesce((SELECT balance_minor FROM entries
    WHERE wallet_id = wallets.id AND account = '${account}' AND created_at <= $2 AND balance_minor IS NOT NULL
    ORDER BY created_at DESC, wallet_version DESC, line DESC LIMIT 1), 0)`;

const BALANCES_AT = `
  SELECT currency, ${balanceAt('available')} AS "availableMinor", ${balanceAt('held')} AS "heldMinor",
    ${balanceAt('receivable')} AS "receivableMinor"
  FROM wallets WHERE user_id = $1`;
const ALL_AT = `${BALANCES_AT} ORDER BY currency`;
const ONE_AT = `${BALANCES_AT} AND currency = $3`;

type Row = { currency: Currency; availableMinor: bigint; heldMinor: bigint; receivableMinor: bigint };

/**
 * A user's balances as the ledger had them at `at`, that millisecond included (T5). A posting that is just being committed may still
 * bear an earlier time than now: what is asked of the last seconds can change once more.
 */
export async function readBalancesAt(sql: Sql, userId: string, at: Date) {
  return (await sql.rows<Row>(ALL_AT, [userId, at])).map((row) => shown(row, at));
}

/** Zeros where there was nothing yet, or never anything. */
export async function readBalanceAt(sql: Sql, { userId, currency }: Owner, at: Date) {
  const [row] = await sql.rows<Row>(ONE_AT, [userId, at, currency]);
  return shown(row ?? { currency, availableMinor: 0n, heldMinor: 0n, receivableMinor: 0n }, at);
}

/** Whether it was frozen then is not known: a freeze is no entry. */
const shown = ({ currency, availableMinor, heldMinor, receivableMinor }: Row, at: Date) => ({
  currency,
  available: formatAmount(availableMinor, currency),
  held: formatAmount(heldMinor, currency),
  debt: formatAmount(-receivableMinor, currency),
  at: at.toISOString(),
});
