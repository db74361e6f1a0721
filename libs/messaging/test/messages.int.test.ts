import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ContractError, type EventType } from '#libs/contracts';
import { createMemoryDatabase, over, type Transact } from '#libs/db';
import { type MessageTx, memoryMessages, postgresMessages } from '#libs/messaging';
import { postgresOutbox, relayBatch } from '../relay.ts';
import { openPostOffice, type PostOffice, voidRequest } from './post-office.ts';

let office: PostOffice;
beforeAll(async () => {
  office = await openPostOffice();
});
afterAll(() => office.close());

const now = new Date('2026-11-22T10:00:00.000Z');
const source = { source: 'payments', newUuid: randomUUID, now: () => now } as const;

interface Port {
  transact: Transact<MessageTx>;
  sent(): Promise<EventType[]>;
}

const postgres = (): Port => ({
  transact: over(office.db, (sql) => postgresMessages(sql, source)),
  sent: async () =>
    (await office.db.read.rows<{ type: EventType }>('SELECT type FROM outbox ORDER BY id')).map(({ type }) => type),
});

const memory = (): Port => {
  const database = createMemoryDatabase();
  const messages = memoryMessages(database, source);
  return { transact: database.over(messages), sent: async () => messages.enqueued().map(({ type }) => type) };
};

describe.each([
  ['PostgreSQL', postgres],
  ['memory', memory],
])('messages in %s', (_, open) => {
  let port: Port;
  beforeEach(async () => {
    await office.db.read.run('DELETE FROM outbox');
    port = open();
  });

  test('F5: are enqueued and claimed with their transaction, or not at all', async () => {
    const id = randomUUID();
    const failed = port.transact(async (tx) => {
      await tx.claimMessage(id);
      await tx.enqueue('payments.void-requested.v1', voidRequest());
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await port.sent()).toEqual([]);

    const claimed = await port.transact(async (tx) => {
      await tx.enqueue('payments.void-requested.v1', voidRequest());
      return tx.claimMessage(id);
    });
    expect(claimed).toBe(true);
    expect(await port.sent()).toEqual(['payments.void-requested.v1']);
    expect(await port.transact((tx) => tx.claimMessage(id))).toBe(false);
  });

  test('break no contract: the mistake stays with who makes it', async () => {
    const wrong = port.transact((tx) =>
      tx.enqueue('payments.void-requested.v1', { ...voidRequest(), amount_minor: '1.5' }),
    );
    await expect(wrong).rejects.toBeInstanceOf(ContractError);
    expect(await port.sent()).toEqual([]);
  });
});

test('F5: one message claimed by ten at once is one’s', async () => {
  const { transact } = postgres();
  const id = randomUUID();
  const claims = await Promise.all(
    Array.from({ length: 10 }, () => transact((tx) => tx.claimMessage(id), { isolation: 'serializable' })),
  );
  expect(claims.filter(Boolean)).toHaveLength(1);
});

test('a broker that confirms nothing holds the outbox no longer than the timeout', async () => {
  await office.db.read.run('DELETE FROM outbox');
  await office.send(2);
  const transact = over(office.db, postgresOutbox);
  const silent = { transact, exchange: 'none', publish: () => new Promise<boolean>(() => {}), batchMax: 10 };
  const sent = await relayBatch({ ...silent, confirmTimeoutMs: 50 });
  expect(sent).toEqual({ published: 0, returned: 0, failed: 2, timedOut: true, lagS: [] });
  const sound = await relayBatch({ ...silent, publish: async () => true });
  expect(sound).toMatchObject({ published: 2, returned: 0, failed: 0, timedOut: false });
});
