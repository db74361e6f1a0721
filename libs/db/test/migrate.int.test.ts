import pg from 'pg';
import { EntitySchema, type QueryRunner } from 'typeorm';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectDatabase, migrate, requireMigrations, schemaDrift } from '#libs/db';
import { createLogger } from '#libs/runtime';
import { type FreshDatabase, freshDatabase, poll } from '#libs/testing';
import { Accounts1763800000000, Notes1763800000001 } from './accounts.ts';

const migrations = [Accounts1763800000000, Notes1763800000001];
const logger = createLogger({ name: 'test', level: 'silent' });

class Wider1763800000002 {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE accounts ADD COLUMN note text');
  }
  async down(): Promise<void> {}
}

let fresh: FreshDatabase;
beforeEach(async () => {
  fresh = await freshDatabase('wallet', []);
});
afterEach(() => fresh.close());

const connect = (entities: EntitySchema[] = []) =>
  connectDatabase({ url: fresh.ownerUrl, entities, poolMax: 2, applicationName: 'test', logger });

test('four migrators at once: each migration runs once, none of them fails', async () => {
  const ran = await Promise.all([1, 2, 3, 4].map(() => migrate({ databaseUrl: fresh.ownerUrl, migrations })));
  expect(ran.flat()).toEqual(migrations.map(({ name }) => name));
});

test('F10: a migration that has to wait for a table lets those through who came after it, and tries again', async () => {
  await migrate({ databaseUrl: fresh.ownerUrl, migrations });
  const [longReader, user] = [new pg.Client(fresh.ownerUrl), new pg.Client(fresh.ownerUrl)];
  await Promise.all([longReader.connect(), user.connect()]);
  await longReader.query('BEGIN');
  await longReader.query('SELECT FROM accounts');
  const migrating = migrate({ databaseUrl: fresh.ownerUrl, migrations: [...migrations, Wider1763800000002] });
  const waiting = `SELECT FROM pg_locks WHERE relation = 'accounts'::regclass AND NOT granted`;
  await poll(async () => (await user.query(waiting)).rowCount === 1);
  await user.query(`SET lock_timeout = '5s'`); // as a service has it
  await user.query(`UPDATE accounts SET balance = balance`);
  await longReader.query('COMMIT');
  expect(await migrating).toEqual(['Wider1763800000002']);
  await Promise.all([longReader.end(), user.end()]);
});

test('a service refuses a database that lacks a migration, and takes one that is ahead', async () => {
  const db = await connect();
  await expect(requireMigrations(db, migrations)).rejects.toThrow('Accounts1763800000000, Notes1763800000001');
  await migrate({ databaseUrl: fresh.ownerUrl, migrations: [Accounts1763800000000] });
  await expect(requireMigrations(db, migrations)).rejects.toThrow('lacks migrations: Notes1763800000001.');
  await migrate({ databaseUrl: fresh.ownerUrl, migrations });
  await requireMigrations(db, migrations);
  await requireMigrations(db, [Accounts1763800000000]);
  await db.close();
});

test('an entity that differs from its table is seen', async () => {
  await migrate({ databaseUrl: fresh.ownerUrl, migrations });
  const note = (text: 'text' | 'varchar') =>
    new EntitySchema({
      name: 'notes',
      columns: { id: { type: 'bigint', primary: true, primaryKeyConstraintName: 'notes_pkey' }, text: { type: text } },
    });
  const same = await connect([note('text')]);
  expect(await schemaDrift(same)).toEqual([]);
  await same.close();
  const other = await connect([note('varchar')]);
  expect((await schemaDrift(other)).join()).toContain('ALTER TABLE "notes"');
  await other.close();
});
