import { EntitySchema } from 'typeorm';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectDatabase, migrate, requireMigrations, schemaDrift } from '#libs/db';
import { createLogger } from '#libs/runtime';
import { type FreshDatabase, freshDatabase } from '#libs/testing';
import { Accounts1763800000000, Notes1763800000001 } from './accounts.ts';

const migrations = [Accounts1763800000000, Notes1763800000001];
const logger = createLogger({ name: 'test', level: 'silent' });

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
