import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { poll } from '#libs/testing';
import type { Service } from '../../deploy/local/databases.ts';
import { type Answer, type Client, expectStatus } from '../system/client.ts';
import { launchStack, type Stack } from '../system/launch-stack.ts';

/**
 * F4–F6: kill -9 of each process, of RabbitMQ and of PostgreSQL, at chosen moments and under load. The launcher starts again what was
 * killed; nobody repairs anything by hand.
 */
let stack: Stack;

const healMs = 90_000;

beforeAll(async () => {
  // Reads come early, so that what only a sweep can end does so within the test.
  stack = await launchStack({
    SWEEP_INTERVAL_MS: '500',
    UNKNOWN_READ_AGE_MS: '2000',
    DEPOSIT_READ_AGE_MS: '5000',
    LEASE_MS: '5000',
    SIMULATOR__PAYOUT_SETTLE_MS: '200',
  });
}, 180_000);
afterEach(() => stack.assertPromises(), 120_000);
afterAll(() => stack.close(), 60_000);

const statusOf = async (client: Client, id: string): Promise<string> =>
  expectStatus(await client.transaction(id), 200).body.status;
const ends = (client: Client, id: string, status: string) =>
  poll(async () => (await statusOf(client, id)) === status, { timeoutMs: healMs });
const wasAsked = (route: string, before = 0) =>
  poll(async () => ((await stack.sim('GET', 'requests')).counts[route] ?? 0) > before, { timeoutMs: healMs });
const asked = async (route: string): Promise<number> => (await stack.sim('GET', 'requests')).counts[route] ?? 0;
const comesBack = (victim: Service, killed: number) =>
  poll(
    async () => {
      const { pid, ops_url } = stack.describe().services[victim];
      return pid !== killed && (await fetch(`${ops_url}/readyz`)).ok;
    },
    { timeoutMs: healMs },
  );
/** As a client does: the same key until somebody answers. */
const insist = (attempt: () => Promise<Answer>): Promise<Answer> =>
  poll(
    async () => {
      const answer = await attempt();
      return answer.status < 500 && answer.status !== 409 ? answer : undefined;
    },
    { timeoutMs: healMs },
  );

test.each([['POST /purchases/', 'the purchase was asked for']])(
  'F3 F4: payments killed when %s hangs: the deposit still gets its checkout URL and completes',
  async (route) => {
    const client = await stack.signUp();
    const before = await asked(route);
    await stack.sim('POST', 'faults', { route, kind: 'hang', ms: 20_000 });
    const key = randomUUID();
    const first = client.deposit('50.00', { key }).catch(() => undefined);
    await wasAsked(route, before);
    await comesBack('payments', stack.signal('payments', 'SIGKILL'));
    await first;
    const { body } = await insist(() => client.deposit('50.00', { key }));
    await poll(async () => (await client.transaction(body.id)).body.checkout_url, { timeoutMs: healMs });
    await stack.sim('POST', 'pay', { reference: body.id });
    await ends(client, body.id, 'completed');
    expect(await client.balance()).toEqual({ available: '50.00', held: '0.00' });
  },
);

test.each([['POST /payouts/'], ['POST /po/{id}/bank/'], ['GET /payouts/{id}/']])(
  'F3 F4: payments killed when %s hangs: the withdrawal completes, and is executed once',
  async (route) => {
    const client = await stack.funded('30.00');
    const before = await asked(route);
    await stack.sim('POST', 'faults', { route, kind: 'hang', ms: 20_000 });
    const { body } = expectStatus(await client.withdraw('30.00'), 202);
    await wasAsked(route, before);
    await comesBack('payments', stack.signal('payments', 'SIGKILL'));
    await ends(client, body.id, 'completed');
    const payouts = (await stack.truth()).filter((row) => row.reference === body.id && row.status === 'success');
    expect(payouts).toHaveLength(1);
  },
);

test('F4: wallet killed while a hold waits for it: the withdrawal ends by itself', async () => {
  const client = await stack.funded('30.00');
  stack.signal('wallet', 'SIGSTOP');
  const answer = client.withdraw('30.00');
  await poll(async () =>
    (await client.call('GET', '/transactions')).body.data.some((t: { type: string }) => t.type === 'withdrawal'),
  );
  await comesBack('wallet', stack.signal('wallet', 'SIGKILL'));
  const { body } = expectStatus(await answer, 202);
  await ends(client, body.id, 'completed');
});

test.each(['webhooks', 'reconciler'] as const)(
  'F4: %s killed with a delivery in hand: the deposit completes',
  async (victim) => {
    const client = await stack.signUp();
    const { body } = expectStatus(await client.deposit('50.00'), 201);
    const stopped = stack.signal(victim, 'SIGSTOP');
    await stack.sim('POST', 'pay', { reference: body.id });
    await poll(async () => (await stack.sim('GET', 'deliveries')).some((d: { attempts: number }) => d.attempts > 0));
    process.kill(stopped, 'SIGKILL');
    await comesBack(victim, stopped);
    await ends(client, body.id, 'completed');
  },
);

test('F1 F4: gateway killed with a request in hand: the repeat with the same key is the same withdrawal', async () => {
  const client = await stack.funded('30.00');
  const stopped = stack.signal('gateway', 'SIGSTOP');
  const key = randomUUID();
  const lost = client.withdraw('30.00', { key }).catch(() => undefined);
  process.kill(stopped, 'SIGKILL');
  await lost;
  await comesBack('gateway', stopped);
  const { body } = await insist(() => client.withdraw('30.00', { key }).catch(() => ({ status: 503 }) as Answer));
  await ends(client, body.id, 'completed');
  expect(await client.balance()).toEqual({ available: '0.00', held: '0.00' });
});

const victims = ['gateway', 'wallet', 'payments', 'webhooks', 'reconciler', 'rabbitmq', 'postgres'] as const;

test.each(victims)(
  'F4 F5 F6: %s killed under load: every accepted operation ends, and the promises hold',
  async (victim) => {
    const clients = await Promise.all(Array.from({ length: 4 }, () => stack.funded('100.00')));
    const kill = { after: 10, done: 0 };
    const accepted: { client: Client; id: string }[] = [];
    const work = async (client: Client) => {
      for (let n = 0; n < 8; n++) {
        const key = randomUUID();
        const move = n % 2 === 0 ? () => client.withdraw('10.00', { key }) : () => client.deposit('10.00', { key });
        const answer = await insist(() => move().catch(() => ({ status: 503 }) as Answer));
        expectStatus(answer, 201, 202);
        accepted.push({ client, id: answer.body.id });
        if (++kill.done === kill.after) stack.signal(victim, 'SIGKILL');
      }
    };
    await Promise.all(clients.map(work));
    for (const { client, id } of accepted) {
      if (!id.startsWith('dep_')) continue;
      await poll(async () => (await client.transaction(id)).body.checkout_url, { timeoutMs: healMs });
      await stack.sim('POST', 'pay', { reference: id });
    }
    for (const { client, id } of accepted) await ends(client, id, 'completed');
    for (const client of clients) expect(await client.balance()).toEqual({ available: '100.00', held: '0.00' });
  },
  240_000,
);
