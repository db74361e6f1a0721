import { randomBytes } from 'node:crypto';
import type { ConfirmChannel } from 'amqplib';
import request from 'supertest';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type Actor, signInternalToken } from '#libs/auth';
import { type EventData, type EventType, envelope, listensTo } from '#libs/contracts';
import { type Broker, connectBroker, type Handlers, type Received, startConsumer } from '#libs/messaging';
import { loadConfig } from '#libs/runtime';
import type { RunningService } from '#libs/service';
import { createMetrics } from '#libs/telemetry';
import { amqpPrefix, poll } from '#libs/testing';
import { config } from '../src/config.ts';
import { start } from '../src/start.ts';
import { depositOf, foreignId, logger, owner, postgresTestLedger, withdrawalOf } from './ledgers.ts';

/** The service as it runs: HTTP in front, RabbitMQ behind, two instances of it. */
const prefix = amqpPrefix();
const key = randomBytes(32);
let ledger: Awaited<ReturnType<typeof postgresTestLedger>>;
let wallets: RunningService[] = [];
let broker: Broker;
let channel: ReturnType<typeof broker.keepChannel<ConfirmChannel>>;
let listeners: { stop(): Promise<void> }[] = [];
const heard: Received[] = [];

beforeAll(async () => {
  ledger = await postgresTestLedger();
  const environment = {
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    DATABASE_URL: ledger.url,
    AMQP_URL: inject('amqpUrl'),
    AMQP_PREFIX: prefix,
    INTERNAL_KEY: key.toString('base64'),
  };
  wallets = await Promise.all([start(loadConfig(config, environment)), start(loadConfig(config, environment))]);
  const metrics = createMetrics('test');
  broker = await connectBroker({ url: inject('amqpUrl'), prefix, logger, metrics });
  channel = broker.keepChannel({ name: 'test', open: async (opened) => opened });
  listeners = (['payments', 'reconciler'] as const).map((service) =>
    startConsumer({ broker, service, handlers: listening(service), logger, metrics }),
  );
  await poll(() => channel.session());
});
afterAll(async () => {
  await Promise.all([...wallets, ...listeners].map((each) => each.stop()));
  await channel.stop();
  await broker.close();
  await ledger.expectSound();
  await ledger.close();
});

/** The two who hear what the wallet tells. */
const listening = (service: 'payments' | 'reconciler'): Handlers =>
  Object.fromEntries(listensTo(service).map((type) => [type, async (event: Received) => void heard.push(event)]));

function send<T extends EventType>(source: 'reconciler' | 'payments', type: T, data: EventData<T>): void {
  const made = envelope(source, type, data, { id: foreignId(), time: new Date() });
  const content = Buffer.from(JSON.stringify(made));
  channel.session()?.publish(broker.names.exchange, type, content, { messageId: made.id });
}

const fact = (type: EventType, transactionId: string) =>
  poll(() => heard.find((event) => event.type === type && event.correlationid === transactionId));

const url = (n = 0) => wallets[n]?.url ?? '';
const bearer = (actor: Actor, signedWith = key) => ({
  authorization: `Bearer ${signInternalToken(signedWith, { audience: 'wallet', actor, ttlS: 60 })}`,
});
const payments: Actor = { kind: 'service', service: 'payments' };
const user = (userId: string, role: 'user' | 'support' | 'admin' = 'user'): Actor => ({
  ...{ kind: 'user', userId, role },
  email: 'thandi@example.com',
});
const dataOf = (claim: ReturnType<typeof withdrawalOf>) => ({
  transaction_id: claim.transactionId,
  user_id: claim.userId,
  currency: claim.currency,
  amount_minor: claim.amountMinor.toString(),
});
const hold = (claim: ReturnType<typeof withdrawalOf>, n = 0) =>
  request(url(n)).post('/holds').set(bearer(payments)).send(dataOf(claim));
const walletOf = async (who: { userId: string }) =>
  (
    await request(url())
      .get('/wallets/ZAR')
      .set(bearer(user(who.userId)))
  ).body;

const funded = async (amountMinor: bigint) => {
  const deposit = depositOf(owner(), amountMinor);
  send('reconciler', 'reconciler.deposit-settled.v1', { ...dataOf(deposit), purchase_id: deposit.purchaseId });
  await fact('wallet.deposit-credited.v1', deposit.transactionId);
  return deposit;
};

test('I9: of a ledger in which nothing was ever posted the feed ends at once, with no cursor', async () => {
  const reconciler = bearer({ kind: 'service', service: 'reconciler' });
  const { body } = await request(url()).get('/postings').set(reconciler).expect(200);
  expect(body).toEqual({ data: [], next: null, held_back_since: null });
});

test('M1 M2: a verdict credits, a hold reserves, a verdict posts; the balance and the postings tell it', async () => {
  const deposit = await funded(15_000n);
  const claim = withdrawalOf(deposit, 6_000n);
  const held = await hold(claim);
  expect([held.status, held.body]).toEqual([
    200,
    { transaction_id: claim.transactionId, decision: 'held', reason: null },
  ]);
  expect(await walletOf(deposit)).toEqual({
    ...{ currency: 'ZAR', available: '90.00', held: '60.00', debt: '0.00', frozen: false },
  });
  await fact('wallet.hold-placed.v1', claim.transactionId);
  send('reconciler', 'reconciler.payout-settled.v1', { ...dataOf(claim), payout_id: foreignId() });
  await fact('wallet.hold-posted.v1', claim.transactionId);

  const { body } = await request(url())
    .get(`/transactions/${claim.transactionId}/postings`)
    .set(bearer(user(foreignId(), 'admin')));
  expect(body.data).toMatchObject([
    {
      ...{ kind: 'hold', amount: '60.00' },
      entries: [
        { account: 'available', amount: '-60.00', balance: '90.00' },
        { account: 'held', amount: '60.00', balance: '60.00' },
      ],
    },
    {
      ...{ kind: 'post', amount: '60.00' },
      entries: [
        { account: 'held', amount: '-60.00', balance: '0.00' },
        { account: 'revio:clearing', amount: '60.00', balance: null },
      ],
    },
  ]);
});

test('M3: payout-failed and void-requested give the money back, and say why', async () => {
  const deposit = await funded(10_000n);
  const [failed, cancelled] = [withdrawalOf(deposit, 1_000n), withdrawalOf(deposit, 2_000n)];
  for (const claim of [failed, cancelled]) await hold(claim);
  send('reconciler', 'reconciler.payout-failed.v1', {
    ...dataOf(failed),
    payout_id: foreignId(),
    reason: 'bank_refused',
  });
  send('payments', 'payments.void-requested.v1', { ...dataOf(cancelled), reason: 'cancelled' });
  for (const [claim, reason] of [
    [failed, 'bank_refused'],
    [cancelled, 'cancelled'],
  ] as const) {
    const { data } = await fact('wallet.hold-voided.v1', claim.transactionId);
    expect(data).toMatchObject({ ...dataOf(claim), reason });
  }
  expect(await walletOf(deposit)).toMatchObject({ available: '100.00', held: '0.00' });
});

test('M7: a reversal and a returned payout reach the books by message', async () => {
  const deposit = await funded(10_000n);
  const claim = withdrawalOf(deposit, 10_000n);
  await hold(claim);
  const payout = { ...dataOf(claim), payout_id: foreignId() };
  send('reconciler', 'reconciler.payout-settled.v1', payout);
  const purchase = { ...dataOf(deposit), purchase_id: deposit.purchaseId };
  await fact('wallet.hold-posted.v1', claim.transactionId);
  send('reconciler', 'reconciler.deposit-reversed.v1', {
    ...purchase,
    payment_id: foreignId(),
    reversal: 'chargeback',
  });
  expect((await fact('wallet.deposit-reversed.v1', deposit.transactionId)).data).toMatchObject({
    ...{ reversal: 'chargeback', receivable_minor: '10000' },
  });
  send('reconciler', 'reconciler.payout-returned.v1', payout);
  await fact('wallet.payout-returned.v1', claim.transactionId);
  expect(await walletOf(deposit)).toMatchObject({ available: '0.00', debt: '0.00' });
});

test('a verdict that the books do not allow is told to the reconciler, and the queue goes on', async () => {
  const claim = withdrawalOf(owner(), 1_000n);
  send('reconciler', 'reconciler.payout-settled.v1', { ...dataOf(claim), payout_id: foreignId() });
  const { data } = await fact('wallet.posting-refused.v1', claim.transactionId);
  expect(data).toMatchObject({ kind: 'post', source_id: claim.transactionId, reason: 'hold_unknown' });
});

test('M2 F10: 50 parallel holds of 10.00 over 100.00 against two running services → exactly 10 held', async () => {
  const deposit = await funded(10_000n);
  const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => hold(withdrawalOf(deposit, 1_000n), n % 2)));
  const reasons = answers.map(({ status, body }) => `${status} ${body.decision} ${body.reason}`);
  expect(reasons.toSorted()).toEqual([
    ...Array.from({ length: 10 }, () => '200 held null'),
    ...Array.from({ length: 40 }, () => '200 refused insufficient_funds'),
  ]);
});

test('M6: another amount under a decided id → 422 hold_conflict', async () => {
  const deposit = await funded(10_000n);
  const claim = withdrawalOf(deposit, 1_000n);
  await hold(claim);
  const other = await hold({ ...claim, amountMinor: 2_000n });
  expect([other.status, other.body.code]).toEqual([422, 'hold_conflict']);
});

test.each([
  ['0', '/amount_minor'],
  ['-100', '/amount_minor'],
  ['1.5', '/amount_minor'],
  ['9'.repeat(19), '/amount_minor'],
])('M8: a hold of %s minor units → 422 with a pointer, nothing written', async (amount_minor, pointer) => {
  const claim = withdrawalOf(owner(), 1n);
  const { status, body } = await request(url())
    .post('/holds')
    .set(bearer(payments))
    .send({ ...dataOf(claim), amount_minor });
  expect([status, body.code, body.errors[0].pointer]).toEqual([422, 'validation_failed', pointer]);
  expect(await ledger.hold(claim.transactionId)).toBeUndefined();
});

test('A4: without a token for this service → 401, whatever the headers claim', async () => {
  const body = dataOf(withdrawalOf(owner(), 1n));
  const tries = [
    {},
    { 'x-user-id': body.user_id, 'x-service': 'payments' },
    bearer(payments, randomBytes(32)),
    { authorization: `Bearer ${signInternalToken(key, { audience: 'payments', actor: payments, ttlS: 60 })}` },
  ];
  for (const headers of tries) expect((await request(url()).post('/holds').set(headers).send(body)).status).toBe(401);
});

test('A3: only payments may hold; a user sees only their own wallets and no postings', async () => {
  const deposit = await funded(700n);
  const post = (actor: Actor) =>
    request(url())
      .post('/holds')
      .set(bearer(actor))
      .send(dataOf(withdrawalOf(deposit, 1n)));
  expect((await post({ kind: 'service', service: 'gateway' })).status).toBe(403);
  expect((await post(user(deposit.userId))).status).toBe(403);
  const list = async (userId: string) =>
    (
      await request(url())
        .get('/wallets')
        .set(bearer(user(userId)))
    ).body.data;
  expect(await list(deposit.userId)).toMatchObject([{ currency: 'ZAR', available: '7.00' }]);
  expect(await list(foreignId())).toEqual([]);
  expect(await walletOf({ userId: foreignId() })).toMatchObject({ available: '0.00', held: '0.00', debt: '0.00' });
  const postings = (actor: Actor) =>
    request(url()).get(`/transactions/${deposit.transactionId}/postings`).set(bearer(actor));
  expect((await postings(user(deposit.userId))).status).toBe(403);
  expect((await postings(user(foreignId(), 'support'))).body.data).toHaveLength(1);
  expect(
    (
      await request(url())
        .get('/wallets/ABC')
        .set(bearer(user(deposit.userId)))
    ).status,
  ).toBe(404);
});

test('a wallet of a currency with no decimals, and one with three, is shown in its own digits', async () => {
  const who = owner();
  const read = async (currency: string) =>
    (
      await request(url())
        .get(`/wallets/${currency}`)
        .set(bearer(user(who.userId)))
    ).body.available;
  expect([await read('JPY'), await read('KWD')]).toEqual(['0', '0.000']);
});

test('I9 A4: the reconciler pages all postings and looks them up; nobody else may, and nothing odd is taken', async () => {
  const deposit = await funded(4_200n);
  const reconciler = bearer({ kind: 'service', service: 'reconciler' });
  const page = (query: string, headers = reconciler) => request(url()).get(`/postings${query}`).set(headers);
  const seen: string[] = [];
  await poll(async () => {
    for (let cursor = ''; ; ) {
      const { body } = await page(`?limit=2${cursor}`).expect(200);
      if (body.data.length === 0) return seen.includes(deposit.purchaseId);
      seen.push(...body.data.map(({ source_id }: { source_id: string }) => source_id));
      cursor = `&after=${body.next}`;
    }
  });
  const lookUp = (body: object) => request(url()).post('/posting-lookups').set(reconciler).send(body);
  const wanted = { sources: [{ kind: 'credit', source_id: deposit.purchaseId }] };
  const { body } = await lookUp(wanted).expect(200);
  expect(body.data).toMatchObject([
    { transaction_id: deposit.transactionId, user_id: deposit.userId, amount_minor: '4200', system_minor: '-4200' },
  ]);

  await request(url()).get('/postings').expect(401);
  for (const other of [payments, user(deposit.userId), user(deposit.userId, 'admin')]) {
    await page('', bearer(other)).expect(403);
    await request(url()).post('/posting-lookups').set(bearer(other)).send(wanted).expect(403);
  }
  await page('?after=1').expect(422);
  await page('?limit=0').expect(422);
  await page('?befor=1').expect(400);
  await lookUp({ ...wanted, more: 1 }).expect(422);
  await lookUp({ sources: [{ kind: 'gift', source_id: 'x' }] }).expect(422);
});

test('I9 M11: what the reconciler found to contradict Revio freezes that wallet once, by the name of its case', async () => {
  const [deposit, other] = [await funded(1_000n), await funded(1_000n)];
  const caseId = foreignId();
  const broken: EventData<'reconciler.conservation-broken.v1'> = {
    case_id: caseId,
    kind: 'credit',
    source_id: 'nobody-paid',
    difference: ['missing_there'],
    user_id: deposit.userId,
    currency: 'ZAR',
  };
  for (let told = 0; told < 3; told++) send('reconciler', 'reconciler.conservation-broken.v1', broken);
  await poll(async () => (await walletOf(deposit)).frozen === true);
  expect((await walletOf(other)).frozen).toBe(false);
  expect((await hold(withdrawalOf(deposit, 1n))).body).toMatchObject({ decision: 'refused', reason: 'wallet_frozen' });
  const { body } = await request(url())
    .get('/freezes')
    .set(bearer(user(foreignId(), 'support')));
  expect(body.data.filter((freeze: { user_id: string }) => freeze.user_id === deposit.userId)).toMatchObject([
    { scope: 'wallet', reason: 'conservation_broken', frozen_by: `case:${caseId}`, released_at: null },
  ]);
});
