import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { poll } from '#libs/testing';
import { openPostOffice, type PostOffice } from '../../libs/messaging/test/post-office.ts';
import { type Rabbit, rabbitmqRoot, startRabbit } from '../local/rabbitmq.ts';
import { replay } from './replay.ts';

const longAgo = new Date(0);
/** A broker needs 3–10 s to come up, and a machine that runs other tests beside it several times that. */
const restartTimeoutMs = 90_000;

// A broker of its own: it is thrown away with all that it holds.
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'piggybank-broker-'));
const root = rabbitmqRoot(path.resolve('.'));
let rabbit: Rabbit;
let office: PostOffice;
beforeAll(async () => {
  rabbit = await startRabbit({ dir, root });
}, restartTimeoutMs);
afterAll(async () => {
  await rabbit?.stop('KILL');
  fs.rmSync(dir, { recursive: true, force: true, maxRetries: 10 });
});
beforeEach(async () => {
  office = await openPostOffice();
});
afterEach(() => office.close());

test(
  'O5: the broker and its data are lost with messages in it: published again, each has one effect, under its old id',
  async () => {
    const broker = await office.broker(rabbit.url);
    office.relay(broker);
    const consumer = office.consumer(broker);
    const handled = await office.send(30);
    await poll(async () => (await office.effects()).length === 30 && (await office.pending()) === 0);
    await consumer.stop();
    const lost = await office.send(40);
    await poll(async () => (await office.pending()) === 0);

    await rabbit.stop('KILL');
    fs.rmSync(path.join(dir, 'mnesia'), { recursive: true, force: true, maxRetries: 10 });
    await poll(() => !broker.available());
    const waiting = await office.send(5);
    rabbit = await startRabbit({ dir, root, ports: rabbit.ports });
    await poll(() => broker.available(), { timeoutMs: restartTimeoutMs });
    office.consumer(broker);
    await poll(async () => (await office.pending()) === 0);
    await poll(async () => (await office.effects()).length === 35);
    expect(await office.effects(), 'what the broker held is gone').toEqual([...handled, ...waiting].toSorted());

    const { count } = await replay(office.fresh.ownerUrl, longAgo);
    expect(count).toBe(75);
    await poll(async () => (await office.pending()) === 0);
    await poll(async () => (await office.effects()).length >= 75);
    // A second time: whatever comes again finds its id in the inbox.
    expect((await replay(office.fresh.ownerUrl, longAgo)).count).toBe(75);
    await poll(async () => (await office.pending()) === 0);
    const [last] = await office.send(1);
    await poll(async () => (await office.effects()).includes(last ?? ''));
    expect(await office.effects()).toEqual([...handled, ...lost, ...waiting, last].toSorted());
  },
  2 * restartTimeoutMs,
);

test('O5: only what was published since then, in more than one page; what waits anyway is not counted', async () => {
  const messages = await office.send(1_205);
  const publishedAt = (index: number, at: string | null) =>
    office.db.read.run('UPDATE outbox SET published_at = $2 WHERE message_id = $1', [messages[index], at]);
  await office.db.read.run(`UPDATE outbox SET published_at = '2026-03-02T00:00:00Z'`);
  await publishedAt(0, '2026-03-01T03:59:59.999Z');
  await publishedAt(1, '2026-03-01T04:00:00Z');
  await publishedAt(2, null);
  const { count, keptSince } = await replay(office.fresh.ownerUrl, new Date('2026-03-01T04:00:00Z'));
  expect(count).toBe(1_203);
  expect(keptSince?.getTime()).toBeGreaterThan(0);
  expect(await office.pending()).toBe(1_204);
});
