import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectDatabase, type Database, isUnavailable } from '#libs/db';
import { createLogger } from '#libs/runtime';
import { poll } from '#libs/testing';
import { type Postgres, startPostgres } from '../../../deploy/local/postgres.ts';

// A server of its own: it is killed.
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'piggybank-restart-'));
let server: Postgres;
let db: Database;

beforeAll(async () => {
  fs.chmodSync(dir, 0o755);
  server = await startPostgres({ dir });
  db = await connectDatabase({
    url: server.url,
    entities: [],
    poolMax: 4,
    applicationName: 'test',
    logger: createLogger({ name: 'test', level: 'silent' }),
  });
  await db.read.run('CREATE TABLE effects (source_id text PRIMARY KEY)');
});

afterAll(async () => {
  await db?.close();
  await server?.stop('KILL');
  fs.rmSync(dir, { recursive: true, force: true, maxRetries: 10 });
});

test('PostgreSQL killed and started again: what was committed is there, and the same Database goes on', async () => {
  await db.transact((tx) => tx.run(`INSERT INTO effects VALUES ('committed')`));
  const open = db.transact(async (tx) => {
    await tx.run(`INSERT INTO effects VALUES ('open')`);
    await server.stop('KILL');
    await tx.run(`INSERT INTO effects VALUES ('never')`);
  });
  await expect(open).rejects.toSatisfy(isUnavailable);
  await expect(db.transact((tx) => tx.rows('SELECT 1'))).rejects.toSatisfy(isUnavailable);

  server = await startPostgres({ dir, port: server.port });
  await poll(() => db.ping().then(() => true));
  expect(await db.transact((tx) => tx.rows('SELECT source_id FROM effects'))).toEqual([{ source_id: 'committed' }]);
});
