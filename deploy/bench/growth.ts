import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { migrate } from '#libs/db';
import { migrations } from '../../services/wallet/src/migrations/index.ts';
import { createServiceDatabase } from '../local/databases.ts';
import { startPostgres } from '../local/postgres.ts';

/**
 * `npm run bench:growth -- --rows 10000000`: what the tables that only grow cost when they are large (ADR 22): inserts beside a small and a large
 * table, the messages' pruning beside the drop of a partition, and what each row takes on the disk. On a private PostgreSQL with its default
 * memory, without fsync: it is the work per row that is compared, not the disk.
 */
const rowsMax = 100_000_000;
const { values } = parseArgs({ options: { rows: { type: 'string', default: '1000000' } } });
const rows = Math.min(Number(values.rows), rowsMax);
if (!(rows >= 100_000)) throw new Error('--rows is a number from 100000 on');

/** Inserted at a time by one statement: enough that its own start does not count. */
const batchRows = 1_000;
/** Of which the rate is measured, in turns beside an empty twin of the table: so that a machine that is slow for a while is slow for both. */
const countedRows = 10_000;
const pairs = 5;
const fillRows = 250_000;
/** What is pruned of a table that keeps on being filled: a day in a hundred. */
const keptDays = 100;
const partitions = 10;

/** Row n of so many: old ones first, evenly over the days that are kept. `$1` to `$2` are its numbers, `$3` all of them. */
const moment = `now() - interval '${keptDays} days' + (n::float8 / $3::float8) * interval '${keptDays - 1} days'`;
const numbers = 'FROM generate_series($1::bigint, $2::bigint) AS n WHERE $3::bigint > 0';
const told = JSON.stringify({
  specversion: '1.0',
  id: '00000000-0000-4000-8000-000000000000',
  source: 'wallet',
  type: 'wallet.hold-placed.v1',
  time: '2026-03-01T04:00:00.000Z',
  datacontenttype: 'application/json',
  correlationid: 'wd_01J00000000000000000000000',
  data: {
    transaction_id: 'wd_01J00000000000000000000000',
    user_id: '00000000-0000-4000-8000-000000000000',
    currency: 'ZAR',
    amount_minor: '15000',
  },
});
const tables = {
  entries: `INSERT INTO entries (wallet_id, wallet_version, line, posting_id, account, currency, amount_minor, balance_minor, previous_hash, hash, created_at)
    SELECT ('00000000-0000-4000-8000-' || lpad(to_hex((n * 7919) % 10007), 12, '0'))::uuid, n, 1, gen_random_uuid(), 'available', 'ZAR', 100, 100,
      sha256('a'), sha256('b'), ${moment} ${numbers}`,
  outbox: `INSERT INTO outbox (message_id, type, envelope, created_at, published_at)
    SELECT gen_random_uuid(), 'wallet.hold-placed.v1', '${told}', ${moment}, now() ${numbers}`,
  inbox: `INSERT INTO inbox (consumer, message_id, processed_at) SELECT 'wallet', gen_random_uuid(), ${moment} ${numbers}`,
} as const;
type Table = keyof typeof tables;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'piggybank-bench-'));
fs.chmodSync(folder, 0o755);
const postgres = await startPostgres({ dir: path.join(folder, 'postgres'), fsync: false });
try {
  const { ownerUrl } = await createServiceDatabase(postgres.url, { service: 'wallet', password: 'bench' });
  await migrate({ databaseUrl: ownerUrl, migrations });
  const db = new pg.Client({ connectionString: ownerUrl });
  // Of a server that ends before its client does, because something else went wrong.
  db.on('error', () => undefined);
  await db.connect();
  for (const table of Object.keys(tables) as Table[]) await grow(db, table);
  await prune(db);
  await dropPartitions(db);
  await db.end();
} finally {
  await postgres.stop('KILL');
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
}

/** Filled without its indices first, which are made afterwards: a restore does it so, and it takes a quarter of the time. */
async function fill(db: pg.Client, table: Table): Promise<void> {
  const { rows: made } = await db.query<{ name: string; definition: string; constraint: string | null }>(
    `SELECT c.relname AS name, pg_get_indexdef(c.oid) AS definition,
       (SELECT 'CONSTRAINT ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE conindid = c.oid) AS constraint
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = $1::regclass`,
    [table],
  );
  for (const { name, constraint } of made)
    await db.query(constraint === null ? `DROP INDEX ${name}` : `ALTER TABLE ${table} DROP CONSTRAINT ${name}`);
  for (let from = 0; from < rows; from += fillRows)
    await db.query(tables[table], [from, Math.min(from + fillRows, rows) - 1, rows]);
  for (const { definition, constraint } of made)
    await db.query(constraint === null ? definition : `ALTER TABLE ${table} ADD ${constraint}`);
  await db.query(`VACUUM (ANALYZE) ${table}`);
}

async function grow(db: pg.Client, table: Table): Promise<void> {
  await db.query(`CREATE TABLE ${table}_twin (LIKE ${table} INCLUDING ALL)`);
  await fill(db, table);
  const { heap, indices } = await sizes(db, table);
  let next = rows;
  const insert = async (text: string) => {
    const ms = await timed(async () => {
      for (let from = next; from < next + countedRows; from += batchRows)
        await db.query(text, [from, from + batchRows - 1, rows]);
    });
    next += countedRows;
    return (ms * 1000) / countedRows;
  };
  const twin = tables[table].replace(`INTO ${table} `, `INTO ${table}_twin `);
  await insert(twin);
  await insert(tables[table]);
  const [small, large]: [number[], number[]] = [[], []];
  let logged = 0n;
  for (let pair = 0; pair < pairs; pair++) {
    small.push(await insert(twin));
    const before = await position(db);
    large.push(await insert(tables[table]));
    logged += (await position(db)) - before;
  }
  const ratio = median(large.map((us, pair) => us / (small[pair] ?? us)));
  console.log(
    `${table} with ${rows} rows: ${Math.round(median(large))} µs per row inserted, ${Math.round(median(small))} µs with next to none (${ratio.toFixed(2)} times); ` +
      `${Math.round(Number(logged) / countedRows / pairs)} B of WAL; a row takes ${Math.round(heap / rows)} B, its indices ${Math.round(indices / rows)} B`,
  );
}

/** As the service's loop does it, from the full tables: five days of a hundred. */
async function prune(db: pg.Client): Promise<void> {
  const before = keptDays - 5;
  const times: number[] = [];
  let pruned = 0;
  for (let got = 1; got > 0; pruned += got) {
    const ms = await timed(async () => {
      const { rows: answer } = await db.query<{ pruned: number }>(
        `SELECT prune_messages(now() - $1 * interval '1 day', now() - $1 * interval '1 day', 5000) AS pruned`,
        [before],
      );
      got = answer[0]?.pruned ?? 0;
    });
    times.push(ms);
  }
  const all = times.reduce((sum, ms) => sum + ms, 0);
  console.log(
    `pruned ${pruned} messages at ${Math.round((pruned * 1000) / all)} rows/s; a batch takes ${Math.round(median(times))} ms, at most ${Math.round(Math.max(...times))} ms`,
  );
  for (const table of ['outbox', 'inbox'] as const) {
    const ms = await timed(() => db.query(`VACUUM ${table}`));
    console.log(`VACUUM ${table} behind it: ${Math.round(ms)} ms`);
  }
}

/** The same outbox by partitions: what an insert costs more, and what is saved at the end. Its message id can be unique in each only. */
async function dropPartitions(db: pg.Client): Promise<void> {
  await db.query(`CREATE TABLE parted (LIKE outbox INCLUDING DEFAULTS) PARTITION BY RANGE (created_at)`);
  const days = keptDays / partitions;
  for (let n = 0; n < partitions; n++) {
    const from = `now() - interval '${keptDays - n * days} days' - interval '1 minute'`;
    const to = `now() - interval '${keptDays - (n + 1) * days} days' - interval '1 minute'`;
    const { rows: ends } = await db.query<{ from: Date; to: Date }>(`SELECT ${from} AS from, ${to} AS to`);
    const range = `FOR VALUES FROM ('${ends[0]?.from.toISOString()}') TO ('${ends[0]?.to.toISOString()}')`;
    await db.query(`CREATE TABLE parted_${n} PARTITION OF parted ${range}`);
    await db.query(`CREATE UNIQUE INDEX ON parted_${n} (message_id)`);
    await db.query(`CREATE INDEX ON parted_${n} (id) WHERE published_at IS NULL`);
    await db.query(`ALTER TABLE parted_${n} ADD PRIMARY KEY (id)`);
  }
  await db.query('CREATE TABLE parted_rest PARTITION OF parted DEFAULT');
  const ms = await timed(() =>
    db.query(
      'INSERT INTO parted (message_id, type, envelope, created_at, published_at) SELECT message_id, type, envelope, created_at, published_at FROM outbox LIMIT 50000',
    ),
  );
  console.log(
    `an insert into partitions: ${Math.round((ms * 1000) / 50_000)} µs per row, its read from the outbox included`,
  );
  const dropped = await timed(() => db.query('DROP TABLE parted_0'));
  console.log(`a partition dropped in ${Math.round(dropped)} ms`);
}

async function position(db: pg.Client): Promise<bigint> {
  const { rows: at } = await db.query<{ at: string }>(
    `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::text AS at`,
  );
  return BigInt(at[0]?.at ?? 0);
}

async function sizes(db: pg.Client, table: Table): Promise<{ heap: number; indices: number }> {
  const { rows: found } = await db.query<{ heap: string; indices: string }>(
    `SELECT pg_table_size($1)::text AS heap, pg_indexes_size($1)::text AS indices`,
    [table],
  );
  return { heap: Number(found[0]?.heap), indices: Number(found[0]?.indices) };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
