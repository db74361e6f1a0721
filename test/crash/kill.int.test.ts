import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Service } from '../../deploy/local/databases.ts';
import { type Answer, type Client, expectStatus } from '../system/client.ts';
import { launchStack, type Stack } from '../system/launch-stack.ts';
import { countRows, healed, healMs, kill, killInside, killWhileRevioHangs, whileBrokerStands } from './killing.ts';

/**
 * F4–F6: kill -9 of each process at a chosen moment of each flow, and of every process, RabbitMQ and PostgreSQL under load. The
 * launcher starts again what was killed; nobody repairs anything by hand.
 */
let stack: Stack;

vi.setConfig({ testTimeout: 180_000 });
beforeAll(async () => {
  // What takes over from the dead waits for their leases and looks in intervals: seconds here, each still longer than what it bounds.
  stack = await launchStack({
    REVIO_TIMEOUT_MS: '800',
    LEASE_MS: '2500',
    WORKER_INTERVAL_MS: '200',
    RETRY_MIN_MS: '100',
    RETRY_MAX_MS: '1000',
    PROVIDER_PAUSE_MS: '300',
    MESSAGE_DELAYS_MS: '500,2000,5000',
    SWEEP_INTERVAL_MS: '300',
    EARLY_READ_STEPS_MS: '1000,2000',
    READ_TIMEOUT_MS: '2000',
    READ_LEASE_MS: '5000',
    READ_PAUSE_MS: '300',
    REMATCH_INTERVAL_MS: '1000',
    // What died between its intent and its call was never sent, and may be called so at this age. No payout is executed at 20 s.
    PAYOUT_FRESH_MS: '20000',
    REVIO_EXECUTE_WINDOW_MS: '30000',
    SIMULATOR__PAYOUT_SETTLE_MS: '200',
  });
}, 180_000);
beforeEach(() => stack.sim('POST', 'faults/clear'));
afterEach(() => stack.assertPromises({ timeoutMs: healMs }), 120_000);
afterAll(() => stack.close(), 60_000);

const ends = (client: Client, id: string) =>
  healed(async () => (await client.transaction(id)).body.status === 'completed');
/**
 * How much of a withdrawal of 10.00 left the wallet in the end: none where its process died, or lost its COMMIT, between the intent and
 * the call to Revio. That one is not tried again; it fails as never executed, with its money back.
 */
const paidOut = async (client: Client, id: string): Promise<number> => {
  const { status, reason } = await healed(async () => {
    const { body } = await client.transaction(id);
    return ['completed', 'failed'].includes(body.status) ? body : undefined;
  });
  if (status === 'failed') expect(reason).toBe('not_executed');
  return status === 'failed' ? 0 : 10;
};
/** As a client does: the same key until it is accepted. */
const insist = (attempt: () => Promise<Answer>): Promise<Answer> =>
  healed(async () => expectStatus(await attempt(), 201, 202));
const payOnceThereIsAPage = async (client: Client, id: string) => {
  await healed(async () => (await client.transaction(id)).body.checkout_url);
  await stack.sim('POST', 'pay', { reference: id });
};
/** Nothing waits for the client to come back: whatever was begun goes on by a worker. */
const goesOnByItself = () =>
  healed(async () => (await countRows(stack, 'payments', 'transactions WHERE next_step IS NOT NULL')) === 0);
/** When nobody takes a webhook, Revio tries again two minutes later (REVIO.md section 5). */
const revioTriesAgain = () => stack.sim('POST', 'advance', { ms: 121_000 });
const settlesPayouts = (plan: 'pending' | 'pending_then_success') => stack.sim('POST', 'payout-plan', { plan });
const payoutsOf = async (reference: string) =>
  (await stack.truth()).filter((row) => row.kind === 'payout' && row.reference === reference);

const moves = {
  deposit: { funds: undefined, end: { available: '50.00', held: '0.00' } },
  withdrawal: { funds: '50.00', end: { available: '0.00', held: '0.00' } },
} as const;

const requests: [keyof typeof moves, victim: Service, at: Service, table: string][] = [
  ['deposit', 'gateway', 'payments', 'idempotency_keys'],
  ['deposit', 'payments', 'payments', 'idempotency_keys'],
  ['withdrawal', 'gateway', 'wallet', 'holds'],
  ['withdrawal', 'payments', 'wallet', 'holds'],
  ['withdrawal', 'wallet', 'wallet', 'holds'],
];
test.each(requests)(
  'F1 F4: a %s is asked for, %s is killed while %s writes into %s: the repeat is the same operation, and it completes',
  async (type, victim, at, table) => {
    await settlesPayouts('pending_then_success');
    const { funds, end } = moves[type];
    const client = funds === undefined ? await stack.signUp() : await stack.funded(funds);
    const before = await countRows(stack, 'payments', 'transactions');
    const key = randomUUID();
    const move = () => (type === 'deposit' ? client.deposit('50.00', { key }) : client.withdraw('50.00', { key }));
    await killInside(stack, { at, table, victim }, () => move().catch(() => undefined));
    await goesOnByItself();
    const { body } = await insist(move);
    expect(await countRows(stack, 'payments', 'transactions')).toBe(before + 1);
    if (type === 'deposit') await payOnceThereIsAPage(client, body.id);
    await ends(client, body.id);
    expect(await client.balance()).toEqual(end);
  },
);

test('F3 F4: payments killed when Revio has made a purchase and does not answer: the repeat gets a checkout page, and it completes', async () => {
  const client = await stack.signUp();
  const key = randomUUID();
  await killWhileRevioHangs(stack, 'POST /purchases/', () => client.deposit('50.00', { key }).catch(() => undefined));
  await goesOnByItself();
  const { body } = await insist(() => client.deposit('50.00', { key }));
  await payOnceThereIsAPage(client, body.id);
  await ends(client, body.id);
  expect(await client.balance()).toEqual({ available: '50.00', held: '0.00' });
});

test.each(['POST /payouts/', 'POST /po/{id}/bank/', 'GET /payouts/{id}/'])(
  'F3 F4: payments killed when Revio has done %s and does not answer: the withdrawal is paid out once, and completes',
  async (route) => {
    await settlesPayouts('pending_then_success');
    const client = await stack.funded('50.00');
    const key = randomUUID();
    const withdraw = () => client.withdraw('50.00', { key });
    await killWhileRevioHangs(stack, route, () => withdraw().catch(() => undefined));
    const { body } = await insist(withdraw); // the first answer may have died with the process
    await ends(client, body.id);
    expect((await payoutsOf(body.id)).filter(({ status }) => status === 'success')).toHaveLength(1);
    expect(await client.balance()).toEqual({ available: '0.00', held: '0.00' });
  },
);

test('F3 F4: payments killed while it writes down the payout that Revio made: another one is executed, and it completes', async () => {
  await settlesPayouts('pending_then_success');
  const client = await stack.funded('50.00');
  const key = randomUUID();
  const withdraw = () => client.withdraw('50.00', { key });
  await killInside(stack, { at: 'payments', table: 'payouts' }, () => withdraw().catch(() => undefined));
  const { body } = await insist(withdraw);
  await ends(client, body.id);
  const statuses = (await payoutsOf(body.id)).map(({ status }) => status);
  expect(statuses).toContain('initialized');
  expect(statuses.filter((status) => status !== 'initialized')).toEqual(['success']);
});

const steps: [victim: Service, table: string][] = [
  ['webhooks', 'webhook_logs'],
  ['reconciler', 'verdicts'],
  ['wallet', 'postings'],
  ['payments', 'timeline'],
];
test.each(steps)(
  'F4: a deposit is paid, %s is killed while it writes into %s: it completes, credited once',
  async (at, table) => {
    const client = await stack.signUp();
    const { body } = expectStatus(await client.deposit('50.00'), 201);
    await killInside(stack, { at, table }, () => stack.sim('POST', 'pay', { reference: body.id }));
    if (at === 'webhooks') await revioTriesAgain();
    await ends(client, body.id);
    expect(await client.balance()).toEqual({ available: '50.00', held: '0.00' });
  },
);
test.each(steps)(
  'F4: a payout succeeds, %s is killed while it writes into %s: the withdrawal completes',
  async (at, table) => {
    await settlesPayouts('pending');
    const client = await stack.funded('50.00');
    const { body } = expectStatus(await client.withdraw('50.00'), 202);
    await healed(async () => (await payoutsOf(body.id)).some(({ status }) => status === 'pending'));
    await killInside(stack, { at, table }, () => stack.sim('POST', 'payout-succeed', { reference: body.id }));
    if (at === 'webhooks') await revioTriesAgain();
    await ends(client, body.id);
    expect(await client.balance()).toEqual({ available: '0.00', held: '0.00' });
  },
);

test('F4 F5: wallet, payments and webhooks killed with messages that no broker has taken: a deposit and a withdrawal complete', async () => {
  await settlesPayouts('pending_then_success');
  const client = await stack.funded('50.00');
  const deposit = expectStatus(await client.deposit('20.00'), 201).body;
  const senders = ['wallet', 'payments', 'webhooks'] as const;
  const { withdrawal, back } = await whileBrokerStands(stack, async () => {
    await stack.sim('POST', 'pay', { reference: deposit.id });
    const { body } = expectStatus(await client.withdraw('50.00'), 202);
    for (const sender of senders) await healed(() => countRows(stack, sender, 'outbox WHERE published_at IS NULL'));
    return { withdrawal: body, back: Promise.all(senders.map((sender) => kill(stack, sender))) };
  });
  await back;
  await revioTriesAgain();
  await ends(client, withdrawal.id);
  await ends(client, deposit.id);
  expect(await client.balance()).toEqual({ available: '20.00', held: '0.00' });
});

const clientsUnderLoad = 4;
const movesOfEach = 4;
/** By then each client has had an answer, and each is at its next. */
const killAfter = 6;

test.each(['gateway', 'wallet', 'payments', 'webhooks', 'reconciler', 'rabbitmq', 'postgres'] as const)(
  'F4 F5 F6: %s killed under load: every accepted operation ends, and the promises hold',
  async (victim) => {
    await settlesPayouts('pending_then_success');
    const clients = await Promise.all(Array.from({ length: clientsUnderLoad }, () => stack.funded('100.00')));
    const accepted: { client: Client; id: string }[] = [];
    const inHand = new Set<string>();
    let back: Promise<unknown> | undefined;
    const work = async (client: Client) => {
      for (let n = 0; n < movesOfEach; n++) {
        const key = randomUUID();
        inHand.add(key);
        const move = () => (n % 2 === 0 ? client.withdraw('10.00', { key }) : client.deposit('10.00', { key }));
        const { body } = await insist(move);
        inHand.delete(key);
        accepted.push({ client, id: body.id });
        if (accepted.length === killAfter) {
          expect(inHand.size).toBeGreaterThan(0);
          back = kill(stack, victim);
        }
        if (body.type === 'deposit') await payOnceThereIsAPage(client, body.id);
      }
    };
    await Promise.all(clients.map(work));
    await back;
    await revioTriesAgain();
    const moved = await Promise.all(
      accepted.map(async ({ client, id }) => {
        if (id.startsWith('wd_')) return { client, amount: -(await paidOut(client, id)) };
        await ends(client, id);
        return { client, amount: 10 };
      }),
    );
    for (const client of clients) {
      const total = moved.reduce((sum, move) => (move.client === client ? sum + move.amount : sum), 100);
      expect(await client.balance()).toEqual({ available: `${total}.00`, held: '0.00' });
    }
  },
);
