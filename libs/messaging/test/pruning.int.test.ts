import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { serviceNames } from '#libs/contracts';
import { connectDatabase } from '#libs/db';
import { pruneMessages } from '#libs/messaging';
import { createLogger } from '#libs/runtime';
import { freshDatabase } from '#libs/testing';

const logger = createLogger({ name: 'test', level: 'silent' });
const days = { sent: 14, received: 90 };

type Row = { name: string; createdDaysAgo: number; publishedDaysAgo: number | null };

async function openMessages(service: (typeof serviceNames)[number]) {
  const fresh = await freshDatabase(service);
  const connect = (url: string) => connectDatabase({ url, entities: [], poolMax: 2, applicationName: 'test', logger });
  const [owner, own] = [await connect(fresh.ownerUrl), await connect(fresh.url)];
  return {
    owner: owner.read,
    own: own.read,
    transact: own.transact,
    sent: ({ name, createdDaysAgo, publishedDaysAgo }: Row) =>
      owner.read.run(
        `INSERT INTO outbox (message_id, type, envelope, created_at, published_at)
         VALUES ($1, $2, '{}', now() - $3 * interval '1 day', now() - $4::float8 * interval '1 day')`,
        [randomUUID(), name, createdDaysAgo, publishedDaysAgo],
      ),
    handled: (consumer: string, daysAgo: number) =>
      owner.read.run(
        `INSERT INTO inbox (consumer, message_id, processed_at) VALUES ($1, $2, now() - $3 * interval '1 day')`,
        [consumer, randomUUID(), daysAgo],
      ),
    outbox: async () =>
      (await owner.read.rows<{ type: string }>('SELECT type FROM outbox ORDER BY id')).map((row) => row.type),
    inbox: async () =>
      (await owner.read.rows<{ consumer: string }>('SELECT consumer FROM inbox ORDER BY 1')).map((row) => row.consumer),
    close: async () => {
      await Promise.all([owner.close(), own.close()]);
      await fresh.close();
    },
  };
}

test.each(serviceNames)(
  'O5 A9: %s forgets what was sent 14 days and handled 90 days ago, with no right to delete anything itself',
  async (service) => {
    const messages = await openMessages(service);
    await messages.sent({ name: 'old', createdDaysAgo: 15, publishedDaysAgo: 15 });
    await messages.sent({ name: 'old, but not sent', createdDaysAgo: 400, publishedDaysAgo: null });
    await messages.sent({ name: 'old, and sent again yesterday', createdDaysAgo: 16, publishedDaysAgo: 1 });
    await messages.sent({ name: 'young', createdDaysAgo: 13, publishedDaysAgo: 13 });
    await messages.handled('old', 91);
    await messages.handled('young', 89);

    expect(await pruneMessages(messages.own, days)).toBe(3);
    expect(await messages.outbox()).toEqual(['old, but not sent', 'young']);
    expect(await messages.inbox()).toEqual(['young']);
    expect(await pruneMessages(messages.own, days)).toBe(0);
    for (const table of ['outbox', 'inbox'])
      await expect(messages.own.run(`DELETE FROM ${table}`)).rejects.toThrow('permission denied');
    await messages.close();
  },
);

test('O5: a backlog goes in batches', async () => {
  const messages = await openMessages('payments');
  for (let n = 0; n < 5; n++) {
    await messages.sent({ name: 'old', createdDaysAgo: 15, publishedDaysAgo: 15 });
    await messages.handled('old', 91);
  }
  const counts = [];
  for (let n = 0; n < 4; n++) counts.push(await pruneMessages(messages.own, days, 2));
  expect(counts).toEqual([4, 4, 2, 0]);
  await messages.close();
});

test('O5: a batch reads what it deletes, and not the whole inbox', async () => {
  const messages = await openMessages('payments');
  const [old, young, batch] = [2_000, 20_000, 500];
  await messages.owner.run(
    `INSERT INTO inbox (consumer, message_id, processed_at)
     SELECT 'x', gen_random_uuid(), now() - CASE WHEN n <= $1 THEN interval '91 days' ELSE interval '1 day' END
     FROM generate_series(1, $2::int) AS n`,
    [old, old + young],
  );
  await messages.owner.run('ANALYZE inbox');
  const read = await messages.transact(async (sql) => {
    expect(await pruneMessages(sql, days, batch)).toBe(batch);
    // Of this transaction alone; rows that an index led to are counted elsewhere.
    const [row] = await sql.rows<{ read: number }>(
      `SELECT seq_tup_read::int AS read FROM pg_stat_xact_user_tables WHERE relname = 'inbox'`,
    );
    return row?.read;
  });
  expect(read).toBeLessThan(old + young);
  await messages.close();
});

test('A9: whoever took a service over can wipe away nothing of the last day, nor forget what was handled before what was sent', async () => {
  const messages = await openMessages('wallet');
  await messages.sent({ name: 'today', createdDaysAgo: 0.9, publishedDaysAgo: 0.9 });
  await messages.handled('today', 0.9);
  await messages.handled('ten days ago', 10);
  const ask = (sentDays: number, receivedDays: number) =>
    messages.own.run(`SELECT prune_messages(now() - $1 * interval '1 day', now() - $2 * interval '1 day', 100)`, [
      sentDays,
      receivedDays,
    ]);
  await ask(-1, 14);
  await ask(14, -1);
  expect(await messages.outbox()).toEqual(['today']);
  expect(await messages.inbox()).toEqual(['ten days ago', 'today']);
  await messages.close();
});
