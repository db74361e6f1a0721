import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { parseSealingKeys } from '#libs/sealed';
import { poll } from '#libs/testing';
import { reseal } from '../deploy/reseal/reseal.ts';
import { type Client, call, expectStatus } from './system/client.ts';
import { type System, startSystem } from './system/start-system.ts';

let system: System;
// On a loaded machine fifty holds of one wallet can take longer than a user would wait; here each must get its decision.
// Revio's times have whole seconds: a payout that is refused within the second of its execution is read once more, a minute later.
const settings: Record<'payments' | 'gateway' | 'reconciler', Record<string, string>> = {
  payments: { WALLET_TIMEOUT_MS: '20000' },
  gateway: { UPSTREAM_TIMEOUT_MS: '28000' },
  reconciler: { EARLY_READ_STEPS_MS: '500', SWEEP_INTERVAL_MS: '200' },
};

beforeAll(async () => {
  system = await startSystem({ settings });
});
afterEach(() => system.assertPromises());
afterAll(() => system.close());

const statusOf = async (client: Client, id: string): Promise<string> => (await client.transaction(id)).body.status;
const ends = (client: Client, id: string, status: string) => poll(async () => (await statusOf(client, id)) === status);

test('M1: a deposit answers a checkout URL at once, and completes when Revio says it is paid', async () => {
  const client = await system.signUp();
  const answer = await client.deposit('150.00');
  expect(answer.status).toBe(201);
  expect(answer.body).toMatchObject({ status: 'pending', amount: '150.00', currency: 'ZAR' });
  expect(answer.body.checkout_url).toMatch(/^http/);
  expect(await client.balance()).toEqual({ available: '0.00', held: '0.00' });
  system.simulator.control.pay({ reference: answer.body.id });
  await ends(client, answer.body.id, 'completed');
  expect(await client.balance()).toEqual({ available: '150.00', held: '0.00' });
});

test('M2: the amount of a withdrawal leaves the available balance in the request that is accepted', async () => {
  const client = await system.funded('100.00');
  const answer = await client.withdraw('60.00');
  expect(answer.status).toBe(202);
  const { available } = await client.balance();
  expect(available).toBe('40.00');
  await poll(() =>
    system.simulator.truth().some((row) => row.reference === answer.body.id && row.status === 'pending'),
  );
  system.simulator.control.payoutSucceed({ reference: answer.body.id });
  await ends(client, answer.body.id, 'completed');
  expect(await client.balance()).toEqual({ available: '40.00', held: '0.00' });
});

test('M3: a payout that the bank refuses returns the amount, exactly once', async () => {
  const client = await system.funded('100.00');
  const { body } = await client.withdraw('20.00');
  await poll(() => system.simulator.truth().some((row) => row.reference === body.id && row.status === 'pending'));
  system.simulator.control.payoutFail({ reference: body.id });
  await ends(client, body.id, 'failed');
  expect(await client.balance()).toEqual({ available: '100.00', held: '0.00' });
});

test('M2: more than there is is refused, and nothing is held', async () => {
  const client = await system.funded('10.00');
  const answer = await client.withdraw('10.01');
  expect(answer.status).toBe(422);
  expect(answer.headers.get('content-type')).toMatch(/application\/problem\+json/);
  expect(answer.body.code).toBe('insufficient_funds');
  expect(await client.balance()).toEqual({ available: '10.00', held: '0.00' });
});

test('M2 M4: of 50 parallel withdrawals of 10.00 from 100.00 exactly 10 are accepted and 40 refused, nothing else', async () => {
  const client = await system.funded('100.00');
  const answers = await Promise.all(Array.from({ length: 50 }, () => client.withdraw('10.00')));
  const codes = answers.map((answer) => answer.body.code ?? answer.status);
  expect(codes.filter((code) => code === 202)).toHaveLength(10);
  expect(codes.filter((code) => code === 'insufficient_funds')).toHaveLength(40);
  for (const { status, body } of answers) {
    if (status !== 202) continue;
    await poll(() => system.simulator.truth().some((row) => row.reference === body.id && row.status === 'pending'));
    system.simulator.control.payoutSucceed({ reference: body.id });
    await ends(client, body.id, 'completed');
  }
  expect(await client.balance()).toEqual({ available: '0.00', held: '0.00' });
});

test('M6 F1: the same Idempotency-Key from 30 connections is one withdrawal and one body; another body under it is 422', async () => {
  const client = await system.funded('100.00');
  const key = randomUUID();
  const answers = await Promise.all(Array.from({ length: 30 }, () => client.withdraw('10.00', { key })));
  expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([202]));
  expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
  expect(answers.filter((answer) => answer.headers.get('idempotent-replayed') === 'true')).toHaveLength(29);
  const other = await client.withdraw('11.00', { key });
  expect(other.status).toBe(422);
  expect(other.body.code).toBe('idempotency_key_reused');
  expect((await client.balance()).available).toBe('90.00');
  const { id } = answers[0]?.body ?? {};
  await poll(() => system.simulator.truth().some((row) => row.reference === id && row.status === 'pending'));
  system.simulator.control.payoutSucceed({ reference: id });
  await ends(client, id, 'completed');
});

test('M6 F8: the same paid webhook a thousand times over 50 connections is one credit, and every answer is 200', async () => {
  const client = await system.signUp();
  const { body } = await client.deposit('150.00');
  system.simulator.control.pauseDeliveries();
  const paid = { ...system.simulator.control.pay({ reference: body.id }), event_type: 'purchase.paid' };
  const raw = JSON.stringify(paid);
  const statuses: (number | null)[] = [];
  const connection = async () => {
    for (let n = 0; n < 20; n++)
      statuses.push((await system.simulator.control.sendWebhook({ body: raw, key: 'webhook' })).status);
  };
  await Promise.all(Array.from({ length: 50 }, connection));
  expect(statuses).toHaveLength(1000);
  expect(new Set(statuses)).toEqual(new Set([200]));
  await ends(client, body.id, 'completed');
  expect(await client.balance()).toEqual({ available: '150.00', held: '0.00' });
  system.simulator.control.resumeDeliveries();
});

test("A3: another user's transaction is 404", async () => {
  const [client, stranger] = await Promise.all([system.signUp(), system.signUp()]);
  const { body } = await client.deposit('5.00');
  expect((await stranger.transaction(body.id)).status).toBe(404);
  system.simulator.control.pay({ reference: body.id });
  await ends(client, body.id, 'completed');
});

/** A withdrawal to the bank account that was added before any rotation, which its worker has to open. */
async function paidOut(client: Client, token: { headers?: Record<string, string> } = {}): Promise<void> {
  const { id } = expectStatus(await client.withdraw('10.00', token), 202).body;
  await poll(() => system.simulator.truth().some((row) => row.reference === id && row.status === 'pending'));
  system.simulator.control.payoutSucceed({ reference: id });
  const read = () => client.call('GET', `/transactions/${id}`, undefined, token);
  await poll(async () => (await read()).body.status === 'completed');
}

test('F9 A2 A8: keys are replaced by restarts: tokens and bank details of the old ones are good until they are dropped', async () => {
  const client = await system.funded('100.00');
  const { jwtPrivateKey: oldJwtKey, sealingKeys: oldSealingKey } = system.secrets;
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const JWT_PRIVATE_KEY = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const newSealingKey = `k2:${randomBytes(32).toString('base64')}`;
  const restartWith = async (gateway: Record<string, string>, payments: Record<string, string>) => {
    Object.assign(settings.gateway, gateway);
    Object.assign(settings.payments, payments);
    await Promise.all([system.restart('gateway'), system.restart('payments')]);
  };
  const newToken = async () => {
    const login = { email: client.email, password: 'Correct-Horse-1' };
    const { body } = expectStatus(await call('POST', `${system.gatewayUrl}/api/v1/auth/login`, login), 200);
    return { authorization: `Bearer ${body.access_token}` };
  };

  const bothSealingKeys = `${newSealingKey},${oldSealingKey}`;
  await restartWith({ JWT_PRIVATE_KEY, JWT_OTHER_KEYS: oldJwtKey }, { SEALING_KEYS: bothSealingKeys });
  const headers = await newToken();
  for (const token of [{}, { headers }]) expect((await client.call('GET', '/me', undefined, token)).status).toBe(200);
  await paidOut(client);

  const resealed = await reseal(system.databases.payments.ownerUrl, parseSealingKeys(bothSealingKeys));
  expect(resealed.find(({ table }) => table === 'bank_accounts')?.count).toBeGreaterThan(0);
  await restartWith({ JWT_OTHER_KEYS: '' }, { SEALING_KEYS: newSealingKey });
  expect((await client.call('GET', '/me')).status).toBe(401);
  expect((await client.call('GET', '/me', undefined, { headers })).status).toBe(200);
  await paidOut(client, { headers });
});

test.each(['1.005', '-1', '1e3', 1.5, '١٢', '999999999999999999'])(
  'M8: %s as an amount is 422 with a pointer to the field, and nothing is written',
  async (amount) => {
    const client = await system.signUp();
    for (const answer of [await client.deposit(amount), await client.withdraw(amount)]) {
      expect(answer.status).toBe(422);
      expect(answer.headers.get('content-type')).toMatch(/application\/problem\+json/);
      expect(answer.body).toMatchObject({ code: 'validation_failed', errors: [{ pointer: '/amount' }] });
    }
    expect((await client.call('GET', '/transactions')).body.data).toEqual([]);
  },
);
