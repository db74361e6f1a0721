import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  connectDatabase,
  constraintOf,
  createMemoryDatabase,
  type Database,
  migrate,
  over,
  type Sql,
  type Transact,
} from '#libs/db';
import { createLogger } from '#libs/runtime';
import { type FreshDatabase, freshDatabase } from '#libs/testing';
import { Slots1763800000002 } from './slots.ts';

interface Slot {
  id: string;
  place: string | null;
  note: string;
}

/** A store with a key, a partial unique constraint and every kind of statement, on both databases. */
interface Slots {
  get(id: string): Promise<Slot | undefined>;
  add(slot: Slot): Promise<void>;
  addIfAbsent(slot: Slot): Promise<boolean>;
  change(id: string, change: Pick<Slot, 'place' | 'note'>): Promise<boolean>;
  remove(id: string): Promise<boolean>;
}

const postgresSlots = (sql: Sql): Slots => ({
  get: async (id) => (await sql.rows<Slot>('SELECT id, place, note FROM slots WHERE id = $1', [id]))[0],
  add: async ({ id, place, note }) => {
    await sql.run('INSERT INTO slots (id, place, note) VALUES ($1, $2, $3)', [id, place, note]);
  },
  addIfAbsent: async ({ id, place, note }) =>
    (await sql.run('INSERT INTO slots (id, place, note) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
      id,
      place,
      note,
    ])) === 1,
  change: async (id, { place, note }) =>
    (await sql.run('UPDATE slots SET place = $2, note = $3 WHERE id = $1', [id, place, note])) === 1,
  remove: async (id) => (await sql.run('DELETE FROM slots WHERE id = $1', [id])) === 1,
});

function memorySlots(): Transact<Slots> {
  const memory = createMemoryDatabase();
  const slots = memory.table<Slot>({
    key: ({ id }) => id,
    keyConstraint: 'slots_pkey',
    unique: { slots_place_key: ({ place }) => place },
  });
  return memory.over<Slots>({
    get: async (id) => slots.get(id),
    add: async (slot) => slots.insert(slot),
    addIfAbsent: async (slot) => slots.insertIfAbsent(slot),
    change: async (id, change) => slots.update(id, change) !== undefined,
    remove: async (id) => slots.delete(id),
  });
}

let fresh: FreshDatabase;
let db: Database;
beforeAll(async () => {
  fresh = await freshDatabase('wallet', []);
  await migrate({ databaseUrl: fresh.ownerUrl, migrations: [Slots1763800000002] });
  db = await connectDatabase({
    url: fresh.ownerUrl,
    entities: [],
    poolMax: 4,
    applicationName: 'test',
    logger: createLogger({ name: 'test', level: 'silent' }),
  });
});
afterAll(async () => {
  await db?.close();
  await fresh?.close();
});

describe.each([
  ['PostgreSQL', () => over(db, postgresSlots)],
  ['memory', memorySlots],
])('F5: a transaction in %s', (_, open) => {
  let transact: Transact<Slots>;
  beforeEach(async () => {
    await db.read.run('DELETE FROM slots');
    transact = open();
    await transact((tx) => tx.add({ id: 'kept', place: 'here', note: 'first' }));
  });
  const get = (id: string) => transact((tx) => tx.get(id));

  test('is undone in all its parts when it fails', async () => {
    const failed = transact(async (tx) => {
      await tx.add({ id: 'new', place: null, note: '' });
      await tx.change('kept', { place: 'there', note: 'changed' });
      await tx.remove('kept');
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await get('new')).toBeUndefined();
    expect(await get('kept')).toEqual({ id: 'kept', place: 'here', note: 'first' });
  });

  test('sees its own writes', async () => {
    const seen = await transact(async (tx) => {
      await tx.change('kept', { place: null, note: 'mine' });
      await tx.add({ id: 'second', place: 'here', note: 'the place is free now' });
      return [await tx.get('kept'), await tx.get('second')];
    });
    expect(seen).toEqual([
      { id: 'kept', place: null, note: 'mine' },
      { id: 'second', place: 'here', note: 'the place is free now' },
    ]);
  });

  test.each([
    ['slots_pkey', { id: 'kept', place: null, note: '' }],
    ['slots_place_key', { id: 'other', place: 'here', note: '' }],
  ])('names the violated constraint %s', async (constraint, slot) => {
    const failed = await transact((tx) => tx.add(slot)).catch((error: unknown) => error);
    expect(constraintOf(failed)).toBe(constraint);
    expect(await transact((tx) => tx.addIfAbsent(slot))).toBe(false);
  });

  test('names it for a change too', async () => {
    await transact((tx) => tx.add({ id: 'other', place: null, note: '' }));
    const failed = await transact((tx) => tx.change('other', { place: 'here', note: '' })).catch((e: unknown) => e);
    expect(constraintOf(failed)).toBe('slots_place_key');
  });

  test('rows without a value are not covered by the unique constraint', async () => {
    await transact(async (tx) => {
      await tx.add({ id: 'one', place: null, note: '' });
      await tx.add({ id: 'two', place: null, note: '' });
    });
    expect(await get('two')).toBeDefined();
  });

  test('is lost with its first failed statement, even if that is swallowed', async () => {
    const failed = transact(async (tx) => {
      await tx.add({ id: 'new', place: null, note: '' });
      await tx.add({ id: 'kept', place: null, note: '' }).catch(() => {});
    });
    await expect(failed).rejects.toThrow('COMMIT was answered by ROLLBACK');
    expect(await get('new')).toBeUndefined();
  });

  test('takes no statement after a failed one', async () => {
    const failed = transact(async (tx) => {
      await tx.add({ id: 'kept', place: null, note: '' }).catch(() => {});
      await tx.get('kept');
    });
    await expect(failed).rejects.toThrow('current transaction is aborted');
  });

  test('a change or removal of what is not there says so', async () => {
    expect(await transact((tx) => tx.change('nobody', { place: null, note: '' }))).toBe(false);
    expect(await transact((tx) => tx.remove('nobody'))).toBe(false);
    expect(await transact((tx) => tx.remove('kept'))).toBe(true);
  });
});

test('rows in memory cannot be changed behind the back of a transaction', () => {
  const table = createMemoryDatabase().table<{ id: string; note: string }>({ key: ({ id }) => id });
  table.insert({ id: 'a', note: 'first' });
  const row = table.get('a');
  expect(() => Object.assign(row ?? {}, { note: 'changed' })).toThrow('read only');
});
