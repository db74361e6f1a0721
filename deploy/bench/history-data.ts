import type pg from 'pg';

/** Who the reads are about: an ordinary user, one who has a tenth of everything, and one who had as much until long ago. */
export interface Subjects {
  someone: string;
  giant: string;
  sleeper: string;
}

/** Inserted at a time: what one statement keeps in memory, and how often progress is told. */
const chunkRows = 500_000;
/** An ordinary user's share: one row in so many. */
const usersPerRow = 10_000;

/**
 * Fills the transactions by SQL as they would be after some years: spread evenly over time, nine in ten completed, a tenth of all one user's.
 * Without indices first, as a restore does it, because ten million rows into eight indices would take an hour.
 */
export async function fillTransactions(db: pg.Client, rows: number, tell: (text: string) => void): Promise<Subjects> {
  const { rows: indices } = await db.query<{ name: string; definition: string }>(
    `SELECT indexname AS name, indexdef AS definition FROM pg_indexes
     WHERE tablename = 'transactions' AND indexname <> 'transactions_pkey'`,
  );
  for (const { name } of indices) await db.query(`DROP INDEX ${name}`);
  for (let from = 0; from < rows; from += chunkRows) {
    await db.query(insert, [from, Math.min(from + chunkRows, rows) - 1, rows]);
    tell(`${Math.min(from + chunkRows, rows)} rows`);
  }
  for (const { name, definition } of indices) {
    const startedAt = performance.now();
    await db.query(definition);
    tell(`${name} in ${Math.round((performance.now() - startedAt) / 1000)} s`);
  }
  await db.query('VACUUM (ANALYZE) transactions');
  return { someone: userId('1'), giant: userId('0'), sleeper: userId('99999') };
}

const userId = (n: string): string => `00000000-0000-4000-8000-${n.padStart(12, '0')}`;

/** Row n: user n modulo ten thousand, but for every tenth, which is the giant's, and every tenth of the first third, the sleeper's. */
const insert = `
  INSERT INTO transactions (id, user_id, kind, status, reason, amount_minor, currency, attempts, purchase_id, payout_id,
    execute_sent_at, created_at, updated_at)
  SELECT CASE WHEN n % 3 = 2 THEN 'wd_' ELSE 'dep_' END || '01' || lpad(upper(to_hex(n)), 24, '0'),
    ('00000000-0000-4000-8000-' || lpad(CASE WHEN n % 10 = 0 THEN '0' WHEN n % 10 = 1 AND n < $3::bigint / 3 THEN '99999' ELSE (1 + n % ${usersPerRow - 1})::text END, 12, '0'))::uuid,
    CASE WHEN n % 3 = 2 THEN 'withdrawal' ELSE 'deposit' END,
    CASE WHEN n / 10 % 1000 = 7 THEN 'pending' WHEN n / 10 % 20 = 19 THEN 'failed' WHEN n / 10 % 50 = 48 THEN 'cancelled' ELSE 'completed' END,
    CASE WHEN n / 10 % 20 = 19 THEN 'payment_failed' END,
    100 + (n * 7919) % 5000000, 'ZAR', 0,
    CASE WHEN n % 3 <> 2 THEN 'pur-' || n END, CASE WHEN n % 3 = 2 THEN 'pay-' || n END, NULL,
    made, made
  FROM (
    SELECT n, date_trunc('milliseconds', timestamptz '2024-01-01' + n * (interval '1000 days' / $3::bigint)) AS made
    FROM generate_series($1::bigint, $2::bigint) AS n
  ) AS numbered`;
