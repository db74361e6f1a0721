import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { Pool } from 'undici';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { poll } from '#libs/testing';
import { type Client, expectStatus } from './system/client.ts';
import { type System, startSystem } from './system/start-system.ts';

/** What a delivery is worth to the whole system. No sweep comes within the hour: what ends here, ends by webhooks. */
let system: System;
let client: Client;

beforeAll(async () => {
  system = await startSystem();
  client = await system.signUp();
});
afterEach(() => system.assertPromises());
afterAll(() => system.close());

const deposit = async (amount: string): Promise<string> => expectStatus(await client.deposit(amount), 201).body.id;
const completed = (id: string) =>
  poll(async () => (await client.transaction(id)).body.status === 'completed', { timeoutMs: 30_000 });

test('A5 F8: while a thousand forged deliveries come, fifty payments are credited, each by its first delivery', async () => {
  const { control } = system.simulator;
  const ids = await Promise.all(Array.from({ length: 50 }, () => deposit('1.00')));
  await control.settled();
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const [delivered] = control.deliveries();
  const pool = new Pool(system.urls.webhooks, { connections: 50 });
  const forge = async (): Promise<number> => {
    const body = JSON.stringify({
      ...JSON.parse(delivered?.body ?? '{}'),
      id: randomUUID(),
      event_type: 'purchase.paid',
    });
    const signature = sign('RSA-SHA256', Buffer.from(body), stranger).toString('base64');
    const headers = { 'content-type': 'application/json', 'x-signature': signature };
    const answer = await pool.request({ method: 'POST', path: '/webhooks/revio', body, headers });
    await answer.body.dump();
    return answer.statusCode;
  };
  const flood = Promise.all(Array.from({ length: 1000 }, forge));
  for (const reference of ids) control.pay({ reference });
  expect(new Set(await flood)).toEqual(new Set([401]));
  await pool.close();
  for (const id of ids) await completed(id);
  expect((await client.balance()).available).toBe('50.00');
  await control.settled();
  const tries = control.deliveries().map(({ attempts }) => attempts.length);
  expect(new Set(tries)).toEqual(new Set([1]));
}, 120_000);

test.each([
  ['plain, so that only a fresh read is believed', undefined, 1],
  ['timestamped and just sent, so that it is no replay', 'evt_1', 0],
])('W2: a payment of 36 hours ago is credited: %s', async (_how, eventId, reads) => {
  const { control } = system.simulator;
  const readsOfRevio = () => control.requests().counts['GET /purchases/{id}/'] ?? 0;
  control.faults.add({ event: '*', kind: 'drop', count: 'all' });
  const reference = await deposit('2.00');
  control.pay({ reference });
  const before = readsOfRevio();
  const nowS = Math.floor(Date.now() / 1000);
  const [purchase] = control.objects({ reference });
  const body = { ...purchase, updated_on: nowS - 36 * 3600, event_type: 'purchase.paid' };
  const timestamped = eventId === undefined ? undefined : { timestamp: nowS, event_id: eventId };
  expect(await control.sendWebhook({ body, timestamped })).toMatchObject({ status: 200 });
  await completed(reference);
  expect(readsOfRevio() - before).toBe(reads);
  control.faults.clear();
});
