import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  connectDatabase,
  constraintOf,
  createMemoryDatabase,
  type Database,
  over,
  schemaDrift,
  type Transact,
} from '#libs/db';
import { createLogger } from '#libs/runtime';
import { type FreshDatabase, freshDatabase } from '#libs/testing';
import type { Delivery } from '../src/delivery.ts';
import { memoryWebhooksTx } from '../src/delivery-store.memory.ts';
import { postgresWebhooksTx, type WebhooksTx } from '../src/delivery-store.ts';
import { entities } from '../src/entities.ts';

const messages = { source: 'webhooks' as const, newUuid: randomUUID, now: () => new Date() };
let fresh: FreshDatabase;
let db: Database;

beforeAll(async () => {
  fresh = await freshDatabase('webhooks');
  const logger = createLogger({ name: 'test', level: 'silent' });
  db = await connectDatabase({ url: fresh.url, entities, poolMax: 4, applicationName: 'test', logger });
});

afterAll(async () => {
  await db?.close();
  await fresh?.close();
});

const delivery = (change: Partial<Delivery> = {}): Delivery => ({
  id: randomUUID(),
  deliveryKey: `sha256:${randomUUID()}`,
  digest: 'd1',
  scheme: 'plain',
  state: 'received',
  reason: null,
  eventType: 'purchase.paid',
  objectType: 'purchase',
  objectId: 'p1',
  sourceAddress: '127.0.0.1',
  signature: 'c2ln',
  bodyBytes: 17,
  payload: 'v1.sealed',
  attempts: 0,
  transactionId: null,
  receivedAt: new Date('2026-01-01T08:00:00.000Z'),
  updatedAt: new Date('2026-01-01T08:00:00.000Z'),
  ...change,
});

const later = new Date('2026-01-01T08:05:00.000Z');
const handled = { from: ['received'], to: 'completed', reason: 'credited', at: later } as const;

describe.each<[string, () => Transact<WebhooksTx>]>([
  ['PostgreSQL', () => over(db, (sql) => postgresWebhooksTx(sql, messages))],
  [
    'memory',
    () => {
      const memory = createMemoryDatabase();
      return memory.over(memoryWebhooksTx(memory, messages));
    },
  ],
])('deliveries in %s', (_name, transactOf) => {
  test('W3: the first with a key is logged, each further one does nothing', async () => {
    const transact = transactOf();
    const first = delivery({ transactionId: 'dep_1' });
    expect(await transact((tx) => tx.logDelivery(first))).toBe(true);
    expect(await transact((tx) => tx.logDelivery(delivery({ ...first, id: randomUUID(), updatedAt: later })))).toBe(
      false,
    );
    expect(await transact((tx) => tx.deliveriesOf('dep_1', 10))).toEqual([first]);
  });

  test('W1: what was not accepted has no key, and any number of rows', async () => {
    const transact = transactOf();
    for (const state of ['unverified', 'unverified', 'refused'] as const)
      expect(await transact((tx) => tx.logDelivery(delivery({ deliveryKey: null, state })))).toBe(true);
  });

  test('F6: a transaction that fails leaves no key behind', async () => {
    const transact = transactOf();
    const row = delivery();
    const failing = transact(async (tx) => {
      await tx.logDelivery(row);
      throw new Error('after the row');
    });
    await expect(failing).rejects.toThrow('after the row');
    expect(await transact((tx) => tx.logDelivery(row))).toBe(true);
  });

  test('W5: a delivery moves from the states it may leave only, and keeps the transaction it was linked to', async () => {
    const transact = transactOf();
    const row = delivery();
    const transactionId = `dep_${row.id}`;
    await transact((tx) => tx.logDelivery(row));
    const parked = { ...handled, to: 'processing', transactionId, at: later } as const;
    expect(await transact((tx) => tx.moveDelivery(row.id, parked))).toBe(true);
    expect(await transact((tx) => tx.moveDelivery(row.id, { ...handled, transactionId: null }))).toBe(false);
    const settled = { ...handled, from: ['received', 'processing'], transactionId: null } as const;
    expect(await transact((tx) => tx.moveDelivery(row.id, settled))).toBe(true);
    const [seen] = await transact((tx) => tx.deliveriesOf(transactionId, 10));
    expect(seen).toEqual({
      ...row,
      state: 'completed',
      reason: 'credited',
      transactionId,
      attempts: 2,
      updatedAt: later,
    });
    expect(await transact((tx) => tx.moveDelivery(randomUUID(), settled))).toBe(false);
  });

  test('T2: a transaction’s deliveries come newest first, as many as asked for', async () => {
    const transact = transactOf();
    const transactionId = `dep_${randomUUID()}`;
    const rows = [1, 2, 3].map((minute) => delivery({ transactionId, receivedAt: new Date(minute * 60_000) }));
    for (const row of rows) await transact((tx) => tx.logDelivery(row));
    const seen = await transact((tx) => tx.deliveriesOf(transactionId, 2));
    expect(seen.map(({ id }) => id)).toEqual([rows[2]?.id, rows[1]?.id]);
  });

  test('M6: a message is claimed once', async () => {
    const transact = transactOf();
    const id = randomUUID();
    expect(await transact((tx) => tx.claimMessage(id))).toBe(true);
    expect(await transact((tx) => tx.claimMessage(id))).toBe(false);
  });
});

test('W3 F8: of fifty at once, one is logged', async () => {
  const transact = over(db, (sql) => postgresWebhooksTx(sql, messages));
  const row = delivery({ transactionId: 'dep_fifty' });
  const copies = Array.from({ length: 50 }, () => delivery({ ...row, id: randomUUID() }));
  const firsts = await Promise.all(copies.map((copy) => transact((tx) => tx.logDelivery(copy))));
  expect(firsts.filter(Boolean)).toHaveLength(1);
  expect(await transact((tx) => tx.deliveriesOf('dep_fifty', 10))).toHaveLength(1);
});

test('W1: the database itself refuses a key for what was not accepted', async () => {
  const transact = over(db, (sql) => postgresWebhooksTx(sql, messages));
  const error = await transact((tx) => tx.logDelivery(delivery({ state: 'unverified' }))).catch((e: unknown) => e);
  expect(constraintOf(error)).toBe('webhook_logs_key_if_accepted');
});

test('A9: the service may neither rewrite what was delivered nor delete it', async () => {
  await expect(db.read.run(`UPDATE webhook_logs SET payload = 'other'`)).rejects.toThrow(/permission denied/);
  await expect(db.read.run(`UPDATE webhook_logs SET delivery_key = 'other'`)).rejects.toThrow(/permission denied/);
  await expect(db.read.run('DELETE FROM webhook_logs')).rejects.toThrow(/permission denied/);
});

test('A9: entities and migrations agree', async () => {
  expect(await schemaDrift(db)).toEqual([]);
});
