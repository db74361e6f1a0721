import { randomUUID } from 'node:crypto';
import { request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poll, type TcpProxy, tcpProxy } from '#libs/testing';
import { keys, sample, signatureOf, startWebhooks, type WebhooksStack } from './stack.ts';

let webhooks: WebhooksStack;
/** Two replicas on one database. */
let replicas: string[];

beforeAll(async () => {
  webhooks = await startWebhooks({ env: { RATE_LIMIT_UNVERIFIED: '40', UNVERIFIED_ROWS_PER_MINUTE: '7' } });
  replicas = [webhooks.url, (await webhooks.replica()).url];
});
afterAll(() => webhooks?.close());

const paid = () => JSON.stringify({ ...sample('05-webhook-purchase.paid-after-failure'), id: randomUUID() });
async function deliver(url: string, { privateKey } = keys.current) {
  const body = paid();
  const headers = { 'content-type': 'application/json', 'x-signature': signatureOf(body, privateKey) };
  const answer = await request(`${url}/webhooks/revio`, { method: 'POST', body, headers });
  return { status: answer.statusCode, headers: answer.headers, json: await answer.body.json() };
}
/** Unevenly. */
const either = (i: number): string => replicas[i % 3 === 0 ? 0 : 1] ?? '';
const forged = (i: number) => deliver(either(i), keys.foreign);
const genuine = (i: number) => deliver(either(i));
const atOnce = <R>(n: number, one: (i: number) => Promise<R>) =>
  Promise.all(Array.from({ length: n }, (_, i) => one(i)));
const statuses = (answers: { status: number }[]) => answers.map(({ status }) => status).sort((a, b) => a - b);
const written = async (): Promise<number> =>
  (await webhooks.rows(`SELECT 1 FROM webhook_logs WHERE state = 'unverified'`)).length;

test('A5 F8 F10: of 100 forged at once on two replicas exactly forty hear 401, seven are written down, and no genuine one is limited', async () => {
  const [answers, taken] = await Promise.all([atOnce(100, forged), atOnce(20, genuine)]);
  expect(statuses(answers)).toEqual([...Array(40).fill(401), ...Array(60).fill(429)]);
  expect(new Set(statuses(taken))).toEqual(new Set([200]));
  expect(await written()).toBe(7);
  const refused = answers.find(({ status }) => status === 429);
  expect(refused?.json).toMatchObject({ code: 'rate_limited' });
  expect(refused?.headers['ratelimit-policy']).toBe('"unverified";q=40;w=60');
  expect(refused?.headers['ratelimit']).toMatch(/^"unverified";r=0;t=\d+$/);
  expect(Number(refused?.headers['retry-after'])).toBeGreaterThan(0);
  expect(Number(refused?.headers['retry-after'])).toBeLessThanOrEqual(60);
});

test('A5: once it is used up, junk costs no statement, and what is signed is still taken and not counted', async () => {
  const points = () => webhooks.rows(`SELECT points FROM rate_limits`);
  const before = await points();
  expect(new Set(statuses(await atOnce(30, forged)))).toEqual(new Set([429]));
  expect(new Set(statuses(await atOnce(5, genuine)))).toEqual(new Set([200]));
  expect(await points()).toEqual(before);
});

test('A5 F6: with the database down junk hears 401 as before, and no 503', async () => {
  let proxy: TcpProxy | undefined;
  const alone = await startWebhooks({
    through: async (url) => {
      proxy = await tcpProxy(url);
      return proxy.url;
    },
    env: { RATE_LIMIT_UNVERIFIED: '3' },
  });
  const junk = () => deliver(alone.url, keys.foreign);
  try {
    await proxy?.down();
    expect(statuses(await atOnce(10, junk))).toEqual(Array(10).fill(401));
    await proxy?.up();
    // The counters are left alone for some seconds; then they count again.
    await poll(async () => (await junk()).status === 429);
  } finally {
    await proxy?.up().catch(() => undefined);
    await alone.close();
    await proxy?.close();
  }
});
