import type { Sql } from '#libs/db';
import { type Currency, formatAmount } from '#libs/money';
import type { Owner } from './ledger/ledger.ts';

/**
 * The account's last entry of the versions until then carries its balance; none: nothing was there yet. Looked for in spans that double, from there
 * back: whatever way PostgreSQL takes in a span, and even if it takes a large wallet for one of average size, it reads no more than that span.
 */
const balanceAt = (account: 'available' | 'held'): string => `
  coalesce((
    WITH RECURSIVE spans (until, width, balance) AS (
      SELECT last.version, 16::bigint, NULL::bigint
      UNION ALL
      SELECT until - width, width * 2, (SELECT balance_minor FROM entries
        WHERE wallet_id = wallets.id AND wallet_version > until - width AND wallet_version <= until AND account = '${account}'
        ORDER BY wallet_version DESC, line DESC LIMIT 1)
      FROM spans WHERE balance IS NULL AND until > 0
    )
    SELECT balance FROM spans WHERE balance IS NOT NULL), 0)`;

/** Of debts there is an index of their own. */
const DEBT_AT = `
  coalesce((SELECT balance_minor FROM entries
    WHERE wallet_id = wallets.id AND wallet_version <= last.version AND account = 'receivable'
    ORDER BY wallet_version DESC, line DESC LIMIT 1), 0)`;

/**
 * By the key of entries, which carries what is looked at, and by that of debts. The version that a wallet had then is found by halving: no posting is of
 * an earlier time than the one before it. From there on back to an account's last entry: a few rows, or as many as came in since a withdrawal
 * last moved `held`.
 */
const BALANCES_AT = `
  SELECT currency, ${balanceAt('available')} AS "availableMinor", ${balanceAt('held')} AS "heldMinor", ${DEBT_AT} AS "receivableMinor"
  FROM wallets, LATERAL (
    WITH RECURSIVE halved (low, high) AS (
      SELECT 0::bigint, wallets.version
      UNION ALL
      SELECT CASE WHEN is_until THEN middle ELSE low END, CASE WHEN is_until THEN high ELSE middle - 1 END
      FROM halved, LATERAL (
        SELECT wallet_version AS middle, created_at <= $2 AS is_until FROM entries
        WHERE wallet_id = wallets.id AND wallet_version = (low + high + 1) / 2 AND line = 1
        LIMIT 1 -- looked up at each step, and not joined with all of the wallet
      ) AS entry
      WHERE low < high
    )
    SELECT low AS version FROM halved WHERE low = high
  ) AS last
  WHERE user_id = $1`;
/** `$1` the user, `$2` the moment. */
export const ALL_AT = `${BALANCES_AT} ORDER BY currency`;
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
