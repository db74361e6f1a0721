import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { signInternalToken } from '#libs/auth';
import { migrate } from '#libs/db';
import { loadConfig, newId, newUuid } from '#libs/runtime';
import type { RunningService } from '#libs/service';
import { amqpPrefix, poll } from '#libs/testing';
import { type ServerProcess, serve } from '../deploy/local/child.ts';
import { createServiceDatabase, type ServiceDatabase } from '../deploy/local/databases.ts';
import { freePort } from '../deploy/local/free-port.ts';
import { type Postgres, startPostgres, unprivileged } from '../deploy/local/postgres.ts';
import { config } from '../services/payments/src/config.ts';
import { migrations } from '../services/payments/src/migrations/index.ts';
import { start } from '../services/payments/src/start.ts';
import { prepareStandby, takeBackup } from './recovery/base-backup.ts';

/**
 * O6: lists, sums and exports are read from a streaming standby, through PgBouncer in transaction mode, as a role that can do nothing else.
 * What the standby does not know yet is not shown; one that is too old, or away, answers nobody, and money goes on without it.
 */
const root = path.resolve(import.meta.dirname, '..');
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'piggybank-replica-'));
fs.chmodSync(dir, 0o755); // as root, the servers run as another user, who must reach their folders
const patience = { timeoutMs: 60_000 };
const lagMsMax = 2_000;
/** Fewer than lists at once, so that they take turns on the same connections of the server. */
const serverConnections = 2;
const internalKey = Buffer.alloc(32, 9);
const userId = newUuid();
const actor = { kind: 'user', userId, role: 'user', email: 'user@example.com' } as const;

let primary: Postgres;
let database: ServiceDatabase;
let owner: pg.Client;
let standbyPort: number;
let standby: Postgres | undefined;
let pooler: ServerProcess;
let poolerUrl: string;
let service: RunningService;

beforeAll(async () => {
  primary = await startPostgres({ dir: path.join(dir, 'primary'), fsync: false });
  database = await createServiceDatabase(primary.url, {
    service: 'payments',
    password: 'test',
    readerPassword: 'reader',
  });
  await migrate({ databaseUrl: database.ownerUrl, migrations });
  owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  await takeBackup(primary.url, path.join(dir, 'primary'), path.join(dir, 'backup'));
  prepareStandby(path.join(dir, 'backup'), path.join(dir, 'standby'), primary.url);
  standbyPort = await freePort();
  const poolerPort = await startPooler();
  poolerUrl = `postgres://payments_history:reader@127.0.0.1:${poolerPort}/${database.database}`;
  service = await start(loadConfig(config, environment()));
}, 120_000);

afterAll(async () => {
  await service?.stop();
  await owner?.end();
  await pooler?.stop('KILL');
  await Promise.all([standby?.stop('KILL'), primary?.stop('KILL')]);
  fs.rmSync(dir, { recursive: true, force: true, maxRetries: 10 });
}, 60_000);

const base64 = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const environment = () => ({
  NODE_ENV: 'test',
  LOG_LEVEL: 'silent',
  DATABASE_URL: database.serviceUrl,
  HISTORY_DATABASE_URL: poolerUrl,
  HISTORY_LAG_MS_MAX: String(lagMsMax),
  AMQP_URL: inject('amqpUrl'),
  AMQP_PREFIX: amqpPrefix(),
  INTERNAL_KEY: internalKey.toString('base64'),
  SEALING_KEYS: `a:${base64(1)}`,
  CURSOR_KEY: base64(7),
  WALLET_URL: 'http://127.0.0.1:1',
  INTERNAL_KEY_WALLET: base64(8),
  REVIO_BASE_URL: 'http://127.0.0.1:1/api/v1/',
  REVIO_API_KEY: 'key',
  REVIO_BRAND_ID: 'brand',
  REVIO_IS_TEST: 'true',
  PUBLIC_URL: 'http://wallet.example',
});

/** The configuration that is shipped, with what differs from place to place. */
async function startPooler(): Promise<number> {
  const found = spawnSync('sh', ['deploy/local/fetch-pgbouncer.sh', '.local/pgbouncer'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (found.status !== 0) throw new Error(`PgBouncer is needed:\n${found.stderr}`);
  const port = await freePort();
  const files = {
    mode: path.join(dir, 'mode.ini'),
    own: path.join(dir, 'own.ini'),
    users: path.join(dir, 'users.txt'),
  };
  // Copied: the user that it runs as may not reach the checkout.
  fs.copyFileSync(path.join(root, 'deploy/pgbouncer/transaction-mode.ini'), files.mode);
  fs.writeFileSync(files.users, '"payments_history" "reader"\n');
  fs.writeFileSync(
    files.own,
    `[databases]
${database.database} = host=127.0.0.1 port=${standbyPort} pool_size=${serverConnections}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_file = ${files.users}
%include ${files.mode}
query_wait_timeout = 2
`,
  );
  pooler = serve([reachable(found.stdout.trim()), files.own], {
    env: { PATH: '/usr/bin:/bin' },
    cwd: '/',
    signal: 'INT',
    ids: unprivileged(),
  });
  await poll(() => {
    if (pooler.exited()) throw new Error(`PgBouncer did not start:\n${pooler.output()}`);
    return pooler.output().includes('process up');
  }, patience);
  return port;
}

/** What was unpacked into the checkout is copied as well, for the same reason. */
function reachable(program: string): string {
  const unpacked = path.join(root, '.local/pgbouncer');
  if (!program.startsWith(unpacked)) return program;
  fs.cpSync(unpacked, path.join(dir, 'pgbouncer'), { recursive: true, verbatimSymlinks: true });
  return path.join(dir, 'pgbouncer', path.relative(unpacked, program));
}

async function startStandby(): Promise<void> {
  standby = await startPostgres({ dir: path.join(dir, 'standby'), port: standbyPort, fsync: false });
}

async function onStandby(text: string): Promise<Record<string, unknown>[]> {
  const url = new URL(database.adminUrl);
  url.port = String(standbyPort);
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  return (await client.query(text).finally(() => client.end())).rows;
}

async function get(route: string) {
  const token = signInternalToken(internalKey, { audience: 'payments', actor, ttlS: 60 });
  const response = await fetch(`${service.url}${route}`, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, text: await response.text(), retryAfter: response.headers.get('retry-after') };
}
const listed = async (route = '/transactions'): Promise<string[]> => {
  const { status, text } = await get(route);
  if (status !== 200) throw new Error(`${status} ${text}`);
  return JSON.parse(text).data.map(({ id }: { id: string }) => id);
};

/** A deposit of one rand that was completed. */
async function deposit(): Promise<string> {
  const id = newId('dep');
  await owner.query(
    `INSERT INTO transactions (id, user_id, kind, status, amount_minor, currency, email_sealed, attempts, created_at, updated_at)
     VALUES ($1, $2, 'deposit', 'completed', 100, 'ZAR', 'sealed', 0, now(), now())`,
    [id, userId],
  );
  return id;
}

test('O6: a service whose replica is away starts, and only the lists are not to be had', async () => {
  const id = await deposit();
  const refused = await get('/transactions');
  expect(refused).toMatchObject({ status: 503, retryAfter: expect.stringMatching(/^\d+$/) });
  expect((await get(`/transactions/${id}`)).status).toBe(200);
  await startStandby();
  await poll(async () => (await listed()).includes(id), patience);
}, 120_000);

test('O6: many lists take turns on few connections of the replica', async () => {
  const ids = await poll(() => listed(), patience);
  const many = Array.from({ length: 40 }, () => poll(() => listed(), patience));
  for (const each of await Promise.all(many)) expect(each).toEqual(ids);
  // Sessions that stay open and have no transaction hold no connection: in another mode the third of these would wait for ever.
  const sessions = Array.from({ length: serverConnections + 1 }, () => new pg.Client({ connectionString: poolerUrl }));
  for (const session of sessions) {
    await session.connect();
    await session.query('SELECT 1');
  }
  await Promise.all(sessions.map((session) => session.end()));
  const [row] = await onStandby(
    `SELECT count(*)::int AS count
     FROM pg_stat_activity WHERE usename = 'payments_history'`,
  );
  expect(row?.['count']).toBeGreaterThan(0);
  expect(row?.['count']).toBeLessThanOrEqual(serverConnections);
}, 120_000);

test('O6: what the replica does not know yet is found by its id, and a replica that is too old shows nothing', async () => {
  await onStandby('SELECT pg_wal_replay_pause()');
  await poll(
    async () => (await onStandby(`SELECT pg_get_wal_replay_pause_state() AS state`))[0]?.['state'] === 'paused',
    patience,
  );
  const id = await deposit();
  expect((await get(`/transactions/${id}`)).status).toBe(200);
  await poll(async () => {
    const { status, text } = await get('/transactions');
    expect(text).not.toContain(id);
    return status === 503;
  }, patience);
  expect((await get('/transactions/export?format=csv')).status).toBe(503);
  expect((await get(`/transactions/${id}`)).status).toBe(200);
  await onStandby('SELECT pg_wal_replay_resume()');
  await poll(async () => (await listed()).includes(id), patience);
}, 120_000);

test('O6 T1 T3: filters, sums, searches, cursors and exports are the same from the replica', async () => {
  const id = await deposit();
  const ids = await poll(async () => {
    const all = await listed();
    expect(all).toContain(id);
    return all;
  }, patience);
  expect(await poll(() => listed(`/transactions?search=${id}`), patience)).toEqual([id]);
  const first = await poll(async () => {
    const { status, text } = await get('/transactions?per_page=1&sort=amount');
    return status === 200 && JSON.parse(text);
  }, patience);
  expect(first.summary).toEqual([
    { currency: 'ZAR', deposited: `${ids.length}.00`, withdrawn: '0.00', net: `${ids.length}.00` },
  ]);
  expect(
    await poll(() => listed(`/transactions?per_page=1&sort=amount&cursor=${first.pagination.next_cursor}`), patience),
  ).toHaveLength(1);
  for (const format of ['csv', 'json']) {
    const text = await poll(async () => {
      const file = await get(`/transactions/export?format=${format}`);
      return file.status === 200 && file.text;
    }, patience);
    for (const each of ids) expect(text).toContain(each);
  }
}, 120_000);

test('A9: the role of the history reads what lists show, and writes and sees nothing else, on the primary as well', async () => {
  const url = Object.assign(new URL(database.serviceUrl), { username: 'payments_history', password: 'reader' });
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query('SELECT id, amount_minor FROM transactions');
  for (const statement of [
    'SELECT email_sealed FROM transactions',
    'SELECT * FROM transactions',
    'SELECT * FROM bank_accounts',
    'SELECT execution_url FROM payouts',
    'SELECT answer_body FROM idempotency_keys',
    'SELECT * FROM outbox',
    `UPDATE transactions SET status = status`,
    'DELETE FROM transactions',
    'INSERT INTO leases (name) VALUES (1)',
    'CREATE TEMP TABLE mine ()',
  ])
    await expect(client.query(statement), statement).rejects.toMatchObject({ code: '42501' });
  await client.end();
});

test('O6: a replica that ends takes nothing along but the lists', async () => {
  const id = await deposit();
  await standby?.stop('KILL');
  await poll(async () => (await get('/transactions')).status === 503, patience);
  expect((await get(`/transactions/${id}`)).status).toBe(200);
  expect((await fetch(`${service.opsUrl}/readyz`)).status).toBe(200);
}, 120_000);
