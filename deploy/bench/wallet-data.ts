import pg from 'pg';

/** Ten thousand wallets: nobody meets anybody, and all of their rows fit into memory, as those of the users of one day do. */
export const walletsCount = 10_000;
/** Spent by holds of 1.00 in a run: more than a machine can place in a day. */
const fundsMinor = 1_000_000_000_000;

export const userOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/**
 * What one posting after the other does to every wallet at once: a large credit, then credits, holds and their settlements in turn. The books are
 * those that the service would have written, the chain of hashes too (the checker of the ledger finds nothing in them). Left out, because no hold looks at them: the
 * messages, and the limits' counters.
 */
const kinds = [
  { kind: 'credit', from: 'revio:clearing', to: 'available', settlement: null, amountMinor: 1_000 },
  { kind: 'hold', from: 'available', to: 'held', settlement: null, amountMinor: 400 },
  { kind: 'settlement', from: 'held', to: 'revio:clearing', settlement: 'post', amountMinor: 400 },
] as const;
type Kind = Omit<(typeof kinds)[number], 'amountMinor'> & { amountMinor: number };

const balances: Record<string, string> = { available: 'available_minor', held: 'held_minor' };

/** Fills an empty ledger with so many postings of each wallet, two entries each. */
export async function fillWallets(adminUrl: string, postingsEach: number, tell: (text: string) => void): Promise<void> {
  const db = new pg.Client({ connectionString: adminUrl, query_timeout: 0 });
  await db.connect();
  try {
    await db.query(`SET maintenance_work_mem = '512MB'; SET synchronous_commit = off`);
    // Nobody checks this ledger while it is measured: the checker takes a lease, and here somebody has it.
    await db.query(`INSERT INTO leases VALUES ('ledger-checker', 'bench', 1, now() + interval '1 day')`);
    await db.query(
      `INSERT INTO wallets (id, user_id, currency, available_minor, held_minor, receivable_minor, version, last_hash, created_at)
       SELECT gen_random_uuid(), ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'ZAR', 0, 0, 0, 0, decode(repeat('00', 32), 'hex'), now()
       FROM generate_series(0, $1 - 1) AS n`,
      [walletsCount],
    );
    const [credit, hold, settlement] = kinds;
    const indices = postingsEach > 10 ? await dropIndices(db) : [];
    for (let n = 0; n < postingsEach; n++) {
      const kind: Kind = n === 0 ? { ...credit, amountMinor: fundsMinor } : (kinds[n % 3] ?? hold);
      // A settlement is of the hold before it.
      await db.query(postAll(kind), [String(kind === settlement ? n - 1 : n), kind.amountMinor]);
      if (n % 100 === 99) tell(`${(n + 1) * walletsCount * 2} entries`);
    }
    for (const definition of indices) await db.query(definition);
    // Of a wallet that moves alone its page keeps the row; ten thousand at once leave as many copies of them all, and pages for those.
    await db.query('VACUUM FULL wallets');
    for (const table of ['wallets', 'holds', 'postings', 'entries']) await db.query(`VACUUM (ANALYZE) ${table}`);
    await db.query('CHECKPOINT');
  } finally {
    await db.end();
  }
}

/** Ten million rows into eight indices one by one would take an hour. */
async function dropIndices(db: pg.Client): Promise<string[]> {
  const { rows } = await db.query<{ name: string; definition: string }>(
    `SELECT indexname AS name, indexdef AS definition FROM pg_indexes
     WHERE tablename IN ('postings', 'entries') AND indexname NOT IN (SELECT conname FROM pg_constraint)`,
  );
  for (const { name } of rows) await db.query(`DROP INDEX ${name}`);
  return rows.map(({ definition }) => definition);
}

/** One posting of every wallet: `$1` tells it from the others of a wallet, `$2` is its amount. */
function postAll({ kind, from, to, settlement }: Kind): string {
  const change = (account: string, sign: '-' | '+') =>
    balances[account] === undefined ? 'NULL::bigint' : `${balances[account]} ${sign} $2::bigint`;
  const hash = (previous: string, line: number, account: string, amount: string, balance: string) =>
    `sha256(convert_to(concat_ws(E'\\n', 'v1', encode(${previous}, 'hex'), wallet_id, version, ${line}, posting_id, '${kind}', source_id,
      transaction_id, '${account}', currency, ${amount}, coalesce((${balance})::text, ''), '', made), 'UTF8'))`;
  const sets = [
    ...(balances[from] ? [`${balances[from]} = wallets.${change(from, '-')}`] : []),
    ...(balances[to] ? [`${balances[to]} = wallets.${change(to, '+')}`] : []),
  ];
  return `
    WITH posting AS MATERIALIZED (
      SELECT id AS wallet_id, user_id, currency, version + 1 AS version, available_minor, held_minor, last_hash, gen_random_uuid() AS posting_id,
        date_trunc('milliseconds', greatest(moved_at, clock_timestamp())) AS created_at,
        ${kind === 'credit' ? `'dep_'` : `'wd_'`} || upper(substr(md5(id::text || $1), 1, 26)) AS transaction_id,
        ${kind === 'credit' ? `'pur-' || md5(id::text || $1)` : `'wd_' || upper(substr(md5(id::text || $1), 1, 26))`} AS source_id
      FROM wallets
    ), timed AS (
      SELECT *, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS made FROM posting
    ), first AS MATERIALIZED (
      SELECT *, ${hash('last_hash', 1, from, '-$2::bigint', change(from, '-'))} AS first_hash FROM timed
    ), both_lines AS MATERIALIZED (
      SELECT *, ${hash('first_hash', 2, to, '$2::bigint', change(to, '+'))} AS second_hash FROM first
    ), posted AS (
      INSERT INTO postings (id, kind, source_id, settlement, transaction_id, wallet_id, wallet_version, currency, amount_minor, created_at)
      SELECT posting_id, '${kind}', source_id, ${settlement === null ? 'NULL' : `'${settlement}'`}, transaction_id, wallet_id, version, currency,
        $2::bigint, created_at FROM both_lines
    ), held AS (
      INSERT INTO holds (transaction_id, user_id, currency, amount_minor, settlement, decided_at, settled_at)
      SELECT transaction_id, user_id, currency, $2::bigint, 'post', created_at, created_at FROM both_lines WHERE '${kind}' = 'hold'
    ), entered AS (
      INSERT INTO entries (wallet_id, wallet_version, line, posting_id, account, currency, amount_minor, balance_minor, previous_hash, hash,
        created_at)
      SELECT wallet_id, version, 1, posting_id, '${from}', currency, -$2::bigint, ${change(from, '-')}, last_hash, first_hash, created_at
      FROM both_lines
      UNION ALL
      SELECT wallet_id, version, 2, posting_id, '${to}', currency, $2::bigint, ${change(to, '+')}, first_hash, second_hash, created_at
      FROM both_lines
    )
    UPDATE wallets SET ${sets.join(', ')}, version = both_lines.version, last_hash = second_hash, moved_at = both_lines.created_at
    FROM both_lines WHERE wallets.id = wallet_id`;
}
