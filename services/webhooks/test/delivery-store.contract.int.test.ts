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
import { type DeliveryPlace, postgresWebhooksTx, type WebhooksTx } from '../src/delivery-store.ts';
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
  signedBy: 'webhook',
  eventId: null,
  sentAt: null,
  duplicates: 0,
  lastDuplicateAt: null,
  transactionId: null,
  receivedAt: new Date('2026-01-01T08:00:00.000Z'),
  updatedAt: new Date('2026-01-01T08:00:00.000Z'),
  ...change,
});

const first10 = { after: null, limit: 10 };
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
    expect(await transact((tx) => tx.findDeliveries({ transactionId: 'dep_1' }, first10))).toEqual([first]);
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
    const [seen] = await transact((tx) => tx.findDeliveries({ transactionId }, first10));
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

  test('T2 W5: deliveries are found by what is known of them, newest first, page after page', async () => {
    const transact = transactOf();
    const objectId = `p_${randomUUID()}`;
    const at = new Date('2026-02-01T08:00:00.000Z');
    const rows = [0, 1, 1, 1, 2].map((minute) =>
      delivery({
        objectId,
        state: minute === 2 ? 'case' : 'received',
        receivedAt: new Date(at.getTime() + minute * 60_000),
      }),
    );
    for (const row of rows) await transact((tx) => tx.logDelivery(row));
    const found: string[] = [];
    let after: DeliveryPlace | null = null;
    for (let page = 0; page < 4; page += 1) {
      const limit = 2;
      const some: Delivery[] = await transact((tx) => tx.findDeliveries({ objectId }, { after, limit }));
      found.push(...some.map(({ id }) => id));
      after = some.at(-1) ?? after;
    }
    const sameMinute = rows.slice(1, 4).map(({ id }) => id);
    expect(found).toEqual([rows[4]?.id, ...sameMinute.sort().reverse(), rows[0]?.id]);
    const ofState = await transact((tx) => tx.findDeliveries({ objectId, state: 'case' }, first10));
    expect(ofState).toEqual([rows[4]]);
    expect(await transact((tx) => tx.findDeliveries({ id: rows[0]?.id, objectId }, first10))).toEqual([rows[0]]);
    expect(await transact((tx) => tx.findDeliveries({ id: rows[0]?.id, objectId: 'other' }, first10))).toEqual([]);
  });

  test('W2 W3: an event id is a delivery’s key as well', async () => {
    const transact = transactOf();
    const eventId = `evt_${randomUUID()}`;
    const row = () => delivery({ scheme: 'timestamped', eventId, sentAt: later, deliveryKey: `event:${eventId}` });
    expect(await transact((tx) => tx.logDelivery(row()))).toBe(true);
    expect(await transact((tx) => tx.logDelivery({ ...row(), digest: 'd2' }))).toBe(false);
  });

  test('W3 W5: duplicates are added to the row they repeat', async () => {
    const transact = transactOf();
    const row = delivery();
    await transact((tx) => tx.logDelivery(row));
    const deliveryKey = row.deliveryKey ?? '';
    const counted = [
      { deliveryKey, count: 3, lastAt: later },
      { deliveryKey: 'sha256:unknown', count: 1, lastAt: later },
    ];
    await transact((tx) => tx.addDuplicates(counted));
    await transact((tx) => tx.addDuplicates([{ deliveryKey, count: 2, lastAt: row.receivedAt }]));
    const [seen] = await transact((tx) => tx.findDeliveries({ id: row.id }, first10));
    expect(seen).toEqual({ ...row, duplicates: 5, lastDuplicateAt: later });
  });

  test('W5: the payload goes first, the row later, and soon what nobody vouched for', async () => {
    const transact = transactOf();
    const day = (n: number): Date => new Date(Date.UTC(2020, 0, n));
    const aged = (n: number, change: Partial<Delivery> = {}) =>
      delivery({ receivedAt: day(n), objectId: 'aged', ...change });
    const junk = { state: 'unverified', deliveryKey: null, signedBy: null } as const;
    const [gone, emptied, kept, junkGone, junkKept] = [aged(1), aged(3), aged(6), aged(4, junk), aged(5, junk)];
    for (const row of [gone, emptied, kept, junkGone, junkKept]) await transact((tx) => tx.logDelivery(row));
    const before = { rows: day(2), payloads: day(4), unverified: day(5) };
    expect(await transact((tx) => tx.expireDeliveries(before, 100))).toBe(3);
    expect(await transact((tx) => tx.expireDeliveries(before, 100))).toBe(0);
    const left = await transact((tx) => tx.findDeliveries({ objectId: 'aged' }, first10));
    expect(left).toEqual([kept, junkKept, { ...emptied, payload: null }]);
  });

  test('W5: the newest that somebody vouched for is known', async () => {
    const transact = transactOf();
    const receivedAt = new Date('2030-01-01T00:00:00.000Z');
    await transact((tx) => tx.logDelivery(delivery({ receivedAt })));
    const forged = delivery({
      state: 'unverified',
      deliveryKey: null,
      receivedAt: new Date('2031-01-01T00:00:00.000Z'),
    });
    await transact((tx) => tx.logDelivery(forged));
    expect(await transact((tx) => tx.lastVerifiedAt())).toEqual(receivedAt);
  });

  test('M6: a message is claimed once', async () => {
    const transact = transactOf();
    const id = randomUUID();
    expect(await transact((tx) => tx.claimMessage(id))).toBe(true);
    expect(await transact((tx) => tx.claimMessage(id))).toBe(false);
    expect(await transact((tx) => tx.handledAmong([randomUUID(), id]))).toEqual([id]);
  });
});

test('W3 F8: of fifty at once, one is logged', async () => {
  const transact = over(db, (sql) => postgresWebhooksTx(sql, messages));
  const row = delivery({ transactionId: 'dep_fifty' });
  const copies = Array.from({ length: 50 }, () => delivery({ ...row, id: randomUUID() }));
  const firsts = await Promise.all(copies.map((copy) => transact((tx) => tx.logDelivery(copy))));
  expect(firsts.filter(Boolean)).toHaveLength(1);
  expect(await transact((tx) => tx.findDeliveries({ transactionId: 'dep_fifty' }, first10))).toHaveLength(1);
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

test('A9 W5: not even the log’s expiry reaches into the last day', async () => {
  const transact = over(db, (sql) => postgresWebhooksTx(sql, messages));
  const row = delivery({ receivedAt: new Date() });
  const junk = delivery({ receivedAt: new Date(), state: 'unverified', deliveryKey: null });
  for (const one of [row, junk]) await transact((tx) => tx.logDelivery(one));
  const tomorrow = new Date(Date.now() + 86_400_000);
  await transact((tx) => tx.expireDeliveries({ rows: tomorrow, payloads: tomorrow, unverified: tomorrow }, 1_000));
  for (const one of [row, junk])
    expect(await transact((tx) => tx.findDeliveries({ id: one.id }, first10))).toEqual([one]);
});

test('W3: the database itself refuses an event id that is not the delivery’s key', async () => {
  const transact = over(db, (sql) => postgresWebhooksTx(sql, messages));
  const error = await transact((tx) => tx.logDelivery(delivery({ eventId: 'evt_1' }))).catch((e: unknown) => e);
  expect(constraintOf(error)).toBe('webhook_logs_event_id_is_key');
});
