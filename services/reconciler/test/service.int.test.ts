import { randomBytes, randomUUID } from 'node:crypto';
import amqplib, { type ChannelModel } from 'amqplib';
import { Router } from 'express';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { requireInternal, requireService, signInternalToken } from '#libs/auth';
import { type EventData, type EventType, envelope, type Observation, providerReadRequest } from '#libs/contracts';
import { createApp, type Listening, listen, Problem, parseBody } from '#libs/http';
import { loadConfig, newId } from '#libs/runtime';
import { createMetrics } from '#libs/telemetry';
import { amqpPrefix, type FreshDatabase, freshDatabase, poll } from '#libs/testing';
import { config } from '../src/config.ts';
import { start } from '../src/start.ts';
import { payout, policy, purchase, userId } from './samples.ts';
import { logger } from './worlds.ts';

/** The service as it runs, between a real broker and a stand-in for payments that knows Revio's truth. */

const [ownKey, paymentsKey] = [randomBytes(32), randomBytes(32)];
const prefix = amqpPrefix();
const truth = new Map<string, Observation>();
const revio = { down: false, asked: 0, unreadable: new Set<string>() };

let fresh: FreshDatabase;
let payments: Listening;
let reconciler: Awaited<ReturnType<typeof start>>;
let connection: ChannelModel;
let told: { type: EventType; data: Record<string, unknown> }[];

beforeAll(async () => {
  [fresh, payments, connection] = await Promise.all([
    freshDatabase('reconciler'),
    standInForPayments(),
    amqplib.connect(inject('amqpUrl')),
  ]);
  reconciler = await startReconciler();
  await poll(isListening);
  told = await listenToVerdicts();
});
afterAll(async () => {
  await reconciler?.stop();
  await payments?.stop();
  await connection?.close();
  await fresh?.close();
});

async function standInForPayments(): Promise<Listening> {
  const routes = Router();
  routes.use(requireInternal({ audience: 'payments', keys: [paymentsKey] }));
  routes.post('/provider-reads', (request, response) => {
    requireService(request, ['reconciler']);
    const { object_id } = parseBody(providerReadRequest, request);
    revio.asked += 1;
    if (revio.unreadable.has(object_id)) throw new Problem('provider_object_unreadable');
    const observation = truth.get(object_id);
    if (revio.down || observation === undefined) throw new Problem('provider_unavailable');
    const now = new Date().toISOString();
    response.json({ observation: { ...observation, source: 'read', observed_at: now, provider_date: now } });
  });
  const app = createApp({ logger, metrics: createMetrics('payments'), jsonLimitBytes: 65_536, routes });
  return listen(app, { host: '127.0.0.1', port: 0 });
}

const startReconciler = () =>
  start(
    loadConfig(config, {
      NODE_ENV: 'test',
      DATABASE_URL: fresh.url,
      AMQP_URL: inject('amqpUrl'),
      AMQP_PREFIX: prefix,
      LOG_LEVEL: 'silent',
      INTERNAL_KEY: ownKey.toString('base64'),
      INTERNAL_KEY_PAYMENTS: paymentsKey.toString('base64'),
      PAYMENTS_URL: payments.url,
      // Nobody there: what asks them has tests of its own.
      INTERNAL_KEY_WALLET: randomBytes(32).toString('base64'),
      WALLET_URL: 'http://127.0.0.1:9',
      INTERNAL_KEY_WEBHOOKS: randomBytes(32).toString('base64'),
      WEBHOOKS_URL: 'http://127.0.0.1:9',
      REVIO_BRAND_ID: policy.brandId,
      REVIO_IS_TEST: 'true',
      SWEEP_INTERVAL_MS: '50',
      DEPOSIT_READ_AFTER_MS: '100',
      EARLY_READ_STEPS_MS: '100,200',
      READ_STEPS_MS: '100,200',
      READ_PAUSE_MS: '50',
      FAILED_READS_MAX: '3',
      REMATCH_INTERVAL_MS: '50',
      UNMATCHED_AFTER_MS: '500',
    }),
  );

/** What the reconciler tells, in a queue of the test's own. */
async function listenToVerdicts() {
  const heard: typeof told = [];
  const channel = await connection.createChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  await channel.bindQueue(queue, `${prefix}piggybank.events`, 'reconciler.#');
  await channel.consume(queue, (message) => message && heard.push(JSON.parse(message.content.toString())), {
    noAck: true,
  });
  return heard;
}

/** Whether the reconciler takes messages already; a look at a queue that is not there costs its channel. */
async function isListening(): Promise<boolean> {
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  const { consumerCount } = await channel.checkQueue(`${prefix}reconciler`);
  await channel.close();
  return consumerCount > 0;
}

async function tell<T extends EventType>(type: T, data: EventData<T>): Promise<void> {
  const source = type.startsWith('webhooks') ? 'webhooks' : 'payments';
  const sent = envelope(source, type, data, { id: randomUUID(), time: new Date() });
  const channel = await connection.createConfirmChannel();
  channel.publish(`${prefix}piggybank.events`, type, Buffer.from(JSON.stringify(sent)), { messageId: sent.id });
  await channel.waitForConfirms();
  await channel.close();
}

const heardOf = (transactionId: string): string[] =>
  told.filter(({ data }) => data['transaction_id'] === transactionId).map(({ type }) => type);

const now = () => new Date().toISOString();
const money = (amount_minor: string) => ({ user_id: userId, currency: 'ZAR', amount_minor }) as const;
const recent = () => ({ created_on: now(), updated_on: now(), observed_at: now() });

/** A purchase that payments has told of. */
async function newPurchase() {
  const [transaction_id, purchase_id] = [newId('dep'), randomUUID()];
  const seen = purchase('paid', { object_id: purchase_id, reference: transaction_id, ...recent() });
  await tell('payments.purchase-created.v1', {
    transaction_id,
    purchase_id,
    ...money('15000'),
    requested_at: now(),
    due_at: new Date(Date.now() + 3_600_000).toISOString(),
  });
  return { transaction_id, purchase_id, seen };
}

test('R1: a paid delivery becomes a verdict, and the delivery is told so', async () => {
  const { transaction_id, purchase_id, seen } = await newPurchase();
  truth.set(purchase_id, seen);
  await tell('webhooks.revio-event-received.v1', {
    delivery_id: randomUUID(),
    event_type: 'purchase.paid',
    observation: seen,
  });
  await poll(() => heardOf(transaction_id).includes('reconciler.observation-handled.v1'));
  await poll(() => heardOf(transaction_id).includes('reconciler.deposit-settled.v1'));
});

test('R2: without any webhook the sweep reads, through payments, and settles', async () => {
  const { transaction_id, purchase_id, seen } = await newPurchase();
  truth.set(purchase_id, seen);
  await poll(() => heardOf(transaction_id).includes('reconciler.deposit-settled.v1'));
});

test('F3 M3: an execution of which nothing was heard is read, and settled by what the read says', async () => {
  const [transaction_id, payout_id] = [newId('wd'), randomUUID()];
  truth.set(payout_id, payout('success', { object_id: payout_id, reference: transaction_id, ...recent() }));
  await tell('payments.payout-submitted.v1', {
    transaction_id,
    payout_id,
    ...money('6000'),
    payout_created_at: now(),
    execute_sent_at: now(),
  });
  await poll(() => heardOf(transaction_id).includes('reconciler.payout-settled.v1'));
});

test('F2: with Revio down nothing is decided, and when it is back the sweep goes on by itself', async () => {
  revio.down = true;
  const { transaction_id, purchase_id, seen } = await newPurchase();
  truth.set(purchase_id, seen);
  const asked = revio.asked;
  await poll(() => revio.asked > asked + 1);
  expect(heardOf(transaction_id)).toEqual([]);
  revio.down = false;
  await poll(() => heardOf(transaction_id).includes('reconciler.deposit-settled.v1'));
});

test('O2: what a stopped replica left is done by the next', async () => {
  revio.down = true;
  const { transaction_id, purchase_id, seen } = await newPurchase();
  truth.set(purchase_id, seen);
  const asked = revio.asked;
  await poll(() => revio.asked > asked);
  await reconciler.stop();
  revio.down = false;
  reconciler = await startReconciler();
  await poll(() => heardOf(transaction_id).includes('reconciler.deposit-settled.v1'));
});

const cases = (role: 'user' | 'support' | 'admin' | null) =>
  fetch(`${reconciler.url}/cases`, {
    headers:
      role === null
        ? {}
        : {
            authorization: `Bearer ${signInternalToken(ownKey, {
              audience: 'reconciler',
              actor: { kind: 'user', userId, role, email: 'someone@example.co.za' },
              ttlS: 60,
            })}`,
          },
  });

test('W7 R4: what belongs to nobody becomes a case that support and admins can list', async () => {
  const object_id = randomUUID();
  await tell('webhooks.revio-event-received.v1', {
    delivery_id: randomUUID(),
    event_type: 'purchase.paid',
    observation: purchase('paid', { object_id, reference: newId('dep'), ...recent() }),
  });
  const opened = await poll(async () => {
    const body = (await (await cases('support')).json()) as { data: Record<string, unknown>[] };
    return body.data.find((one) => one['object_id'] === object_id);
  });
  expect(opened).toMatchObject({ cause: 'unmatched_object', status: 'open' });
});

test('R2 R4: a purchase that Revio cannot show becomes a case, and is settled once it can', async () => {
  const { transaction_id, purchase_id, seen } = await newPurchase();
  revio.unreadable.add(purchase_id);
  truth.set(purchase_id, seen);
  await poll(() => heardOf(transaction_id).includes('reconciler.case-opened.v1'));
  revio.unreadable.delete(purchase_id);
  await poll(() => heardOf(transaction_id).includes('reconciler.deposit-settled.v1'));
});

test.each([
  [null, 401],
  ['user', 403],
  ['support', 200],
  ['admin', 200],
] as const)('A3 A4: GET /cases as %s → %i', async (role, status) => {
  expect((await cases(role)).status).toBe(status);
});
