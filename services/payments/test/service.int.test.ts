import type { ConfirmChannel } from 'amqplib';
import supertest from 'supertest';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type EventData, type EventType, envelope, listensTo } from '#libs/contracts';
import { type Broker, connectBroker, type Received, startConsumer } from '#libs/messaging';
import { type RevioSimulator, startRevioSimulator } from '#libs/revio-simulator';
import { loadConfig, newUuid } from '#libs/runtime';
import type { RunningService } from '#libs/service';
import { createMetrics } from '#libs/telemetry';
import { amqpPrefix, type FreshDatabase, freshDatabase, poll } from '#libs/testing';
import { config } from '../src/config.ts';
import { start } from '../src/start.ts';
import { logger } from './stores.ts';
import { startWalletStandIn, type WalletStandIn } from './wallet-stand-in.ts';
import { tokenOf } from './world.ts';

/** The service as it runs: its own process's wiring, loops, relay and consumer, on a real broker. */
let database: FreshDatabase;
let simulator: RevioSimulator;
let wallet: WalletStandIn;
let broker: Broker;
let channel: ReturnType<typeof broker.keepChannel<ConfirmChannel>>;
let reconciler: { stop(): Promise<void> };
const heard: Received[] = [];
const services: RunningService[] = [];
const prefix = amqpPrefix();

const base64 = (byte: number) => Buffer.alloc(32, byte).toString('base64');

async function startOne(): Promise<RunningService> {
  const service = await start(
    loadConfig(config, {
      NODE_ENV: 'test',
      LOG_LEVEL: 'silent',
      DATABASE_URL: database.url,
      AMQP_URL: inject('amqpUrl'),
      AMQP_PREFIX: prefix,
      INTERNAL_KEY: base64(9),
      SEALING_KEYS: `a:${base64(1)}`,
      CURSOR_KEY: base64(7),
      WALLET_URL: wallet.url,
      INTERNAL_KEY_WALLET: wallet.key.toString('base64'),
      REVIO_BASE_URL: `${simulator.url}/api/v1/`,
      REVIO_API_KEY: simulator.apiKey,
      REVIO_BRAND_ID: simulator.brandId,
      REVIO_IS_TEST: 'true',
      PUBLIC_URL: 'http://wallet.example',
      RELAY_INTERVAL_MS: '50',
    }),
  );
  services.push(service);
  return service;
}

beforeAll(async () => {
  const broking = { logger, metrics: createMetrics('test') };
  [database, simulator, wallet, broker] = await Promise.all([
    freshDatabase('payments'),
    startRevioSimulator(),
    startWalletStandIn(),
    connectBroker({ ...broking, url: inject('amqpUrl'), prefix }),
  ]);
  channel = broker.keepChannel({ name: 'test', open: async (opened) => opened });
  const hear = async (event: Received) => void heard.push(event);
  const handlers = Object.fromEntries(listensTo('reconciler').map((type) => [type, hear]));
  reconciler = startConsumer({ ...broking, broker, service: 'reconciler', handlers });
  await Promise.all([startOne(), startOne(), poll(() => channel.session())]);
});
afterAll(async () => {
  await Promise.all([...services, reconciler, channel].map((each) => each?.stop()));
  await broker?.close();
  await Promise.all([database?.close(), simulator?.stop(), wallet?.stop()]);
});

function tell<T extends EventType>(type: T, data: EventData<T>): void {
  const made = envelope('wallet', type, data, { id: newUuid(), time: new Date() });
  const content = Buffer.from(JSON.stringify(made));
  channel.session()?.publish(broker.names.exchange, type, content, { messageId: made.id });
}

const toldReconciler = (transactionId: string, type: EventType) =>
  poll(() => heard.find((event) => event.type === type && event.correlationid === transactionId));

const id = newUuid();
const token = tokenOf({ kind: 'user', userId: id, role: 'user', email: 'thandi@example.co.za' });
const call = (method: 'get' | 'post', path: string, service = services[0]) =>
  supertest(service?.url ?? '')
    [method](path)
    .auth(token, { type: 'bearer' })
    .set('idempotency-key', newUuid());
const status = async (transactionId: string) => (await call('get', `/transactions/${transactionId}`)).body.status;

const about = (transactionId: string, amount_minor: string) =>
  ({
    transaction_id: transactionId,
    user_id: id,
    currency: 'ZAR',
    amount_minor,
    wallet_id: newUuid(),
    posting_id: newUuid(),
  }) as const;

test('M1 F10: a deposit by one replica is told to the reconciler and completed by the wallet’s word, read by the other', async () => {
  const { body: deposit } = await call('post', '/deposits').send({ amount: '150.00', currency: 'ZAR' }).expect(201);
  await toldReconciler(deposit.id, 'payments.deposit-requested.v1');
  await toldReconciler(deposit.id, 'payments.purchase-created.v1');
  tell('wallet.deposit-credited.v1', { ...about(deposit.id, '15000'), purchase_id: newUuid() });
  await poll(async () => (await call('get', `/transactions/${deposit.id}`, services[1])).body.status === 'completed');
  await toldReconciler(deposit.id, 'payments.transaction-completed.v1');
});

test('M2: a withdrawal is paid by the woken worker, and completed by the wallet’s word', async () => {
  const account = { bank_code: '250655', account_number: '62000000001', account_holder: 'T Mokoena', bank_name: 'FNB' };
  const { body: stored } = await call('post', '/bank-accounts').send(account).expect(201);
  const { body: listed } = await call('get', '/bank-accounts').expect(200);
  expect(listed.data).toEqual([{ ...stored, account_number: '•••••••0001' }]);

  const body = { amount: '60.00', currency: 'ZAR', bank_account_id: stored.id };
  const { body: withdrawal } = await call('post', '/withdrawals').send(body).expect(202);
  await poll(async () => (await status(withdrawal.id)) === 'processing');
  await toldReconciler(withdrawal.id, 'payments.payout-submitted.v1');
  await toldReconciler(withdrawal.id, 'payments.payout-observed.v1');
  tell('wallet.hold-posted.v1', about(withdrawal.id, '6000'));
  await poll(async () => (await status(withdrawal.id)) === 'completed');
  expect(simulator.truth().filter(({ reference }) => reference === withdrawal.id)).toMatchObject([
    { status: 'pending' },
  ]);
});

test('O3: what operators watch is there before anything happened', async () => {
  const { text } = await supertest(services[0]?.opsUrl ?? '')
    .get('/metrics')
    .expect(200);
  for (const metric of [
    'provider_unavailable_total{operation="create_payout",cause="unauthorized"',
    'payout_executions_total{outcome="too_late"',
    'worker_paused{step="submit_payout"',
    'provider_clock_skew_seconds{',
  ]) {
    expect(text).toContain(metric);
  }
});

test('A4: a call without a token → 401', async () => {
  await supertest(services[0]?.url ?? '')
    .get('/transactions')
    .expect(401);
});
