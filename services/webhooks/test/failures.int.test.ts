import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TcpProxy, tcpProxy } from '#libs/testing';
import { keys, sample, startWebhooks, type WebhooksStack } from './stack.ts';

let proxy: TcpProxy;
let webhooks: WebhooksStack;

beforeAll(async () => {
  webhooks = await startWebhooks({
    through: async (url) => {
      proxy = await tcpProxy(url);
      return proxy.url;
    },
    env: { UNVERIFIED_ROWS_PER_MINUTE: '3' },
  });
});
afterAll(async () => {
  await proxy?.up().catch(() => {});
  await webhooks?.close();
  await proxy?.close();
});

const paid = () => JSON.stringify({ ...sample('05-webhook-purchase.paid-after-failure'), id: randomUUID() });
const count = async (table: 'webhook_logs' | 'outbox'): Promise<number> =>
  (await webhooks.rows(`SELECT 1 FROM ${table}`)).length;

test('F6: the answer to COMMIT is lost: the delivery is found again by its key, one row, one message, 200', async () => {
  const before = { logs: await count('webhook_logs'), outbox: await count('outbox') };
  const lost = proxy.loseAnswerTo('COMMIT\0');
  const answer = await webhooks.deliver(paid());
  await lost;
  expect(answer).toMatchObject({ status: 200 });
  expect({ logs: await count('webhook_logs'), outbox: await count('outbox') }).toEqual({
    logs: before.logs + 1,
    outbox: before.outbox + 1,
  });
});

test('F6 W6: without its database the service promises nothing: 503, and Revio delivers again', async () => {
  const body = paid();
  await proxy.down();
  expect(await webhooks.deliver(body)).toMatchObject({ status: 503, json: { code: 'temporarily_unavailable' } });
  // A forger is answered as ever: the record of him is worth no failure.
  expect((await webhooks.deliver(body, keys.foreign.privateKey)).status).toBe(401);
  await proxy.up();
  expect(await webhooks.deliver(body)).toEqual({ status: 200, json: { receipt: 'accepted' } });
});

test('A5: a flood of junk is answered and counted, but fills no table', async () => {
  const before = await count('webhook_logs');
  for (let n = 0; n < 20; n += 1) {
    expect((await webhooks.deliver(`{"n":${n}}`, keys.foreign.privateKey)).status).toBe(401);
  }
  expect((await count('webhook_logs')) - before).toBeLessThanOrEqual(3 * 2); // the test may meet the turn of a minute
});
