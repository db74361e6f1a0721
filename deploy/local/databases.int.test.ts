import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createServiceDatabase } from './databases.ts';
import { type Postgres, startPostgres } from './postgres.ts';

// Its own server: roles and their passwords are the whole server's, and other files log in as them.
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'piggybank-databases-'));
let postgres: Postgres;
beforeAll(async () => {
  fs.chmodSync(dir, 0o755);
  postgres = await startPostgres({ dir: path.join(dir, 'postgres'), fsync: false });
});
afterAll(async () => {
  await postgres.stop('KILL');
  fs.rmSync(dir, { recursive: true, force: true, maxRetries: 10 });
});

const query = async (url: string, text: string): Promise<Record<string, unknown>[]> => {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
};
const own = (name: string) => `${name}_${randomUUID().slice(0, 8)}`;
const password = 'a password with "quotes\' and spaces/@';

test('a service reaches its own database and no other, and creates nothing in it', async () => {
  const wallet = await createServiceDatabase(postgres.url, { service: 'wallet', password, database: own('wallet') });
  const gateway = await createServiceDatabase(postgres.url, {
    service: 'gateway',
    password,
    database: own('gateway'),
  });

  expect(await query(wallet.serviceUrl, 'SELECT current_user')).toEqual([{ current_user: 'wallet_service' }]);
  const stranger = wallet.serviceUrl.replace(wallet.database, gateway.database);
  await expect(query(stranger, 'SELECT 1')).rejects.toMatchObject({ code: '42501' });
  await expect(query(wallet.serviceUrl, 'CREATE TABLE t ()')).rejects.toMatchObject({ code: '42501' });
});

test('what migrations create belongs to the owner, who cannot log in', async () => {
  const { ownerUrl, serviceUrl } = await createServiceDatabase(postgres.url, {
    service: 'wallet',
    password,
    database: own('wallet'),
  });
  await query(ownerUrl, 'CREATE TABLE things AS SELECT 1 AS thing');
  expect(await query(ownerUrl, `SELECT tableowner FROM pg_tables WHERE tablename = 'things'`)).toEqual([
    { tableowner: 'wallet_owner' },
  ]);
  await expect(query(serviceUrl, 'SELECT * FROM things')).rejects.toMatchObject({ code: '42501' });
  const login = await query(ownerUrl, `SELECT rolcanlogin FROM pg_roles WHERE rolname = 'wallet_owner'`);
  expect(login).toEqual([{ rolcanlogin: false }]);
});

test('ten at the same time, and again: one database', async () => {
  const database = own('payments');
  const once = () => createServiceDatabase(postgres.url, { service: 'payments', password, database });
  const made = await Promise.all(Array.from({ length: 10 }, once));
  expect(new Set(made.map(({ serviceUrl }) => serviceUrl)).size).toBe(1);
  expect(await query((await once()).serviceUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});
