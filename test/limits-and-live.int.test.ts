import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { poll } from '#libs/testing';
import { grantRole } from '../deploy/grant-role/grant-role.ts';
import { type EventReader, readEvents } from '../services/gateway/test/event-reader.ts';
import { type Client, call, expectStatus } from './system/client.ts';
import { type System, startSystem } from './system/start-system.ts';

/** M9, M10 and T5 over the whole system: what is refused, what waits, and who is told while it happens. */
let system: System;
let admin: (method: string, path: string, json?: unknown) => ReturnType<typeof call>;
const readers: EventReader[] = [];

beforeAll(async () => {
  system = await startSystem({
    settings: {
      wallet: { WITHDRAWAL_DAILY_LIMITS: 'ZAR:500.00', WITHDRAWAL_MONTHLY_LIMITS: 'ZAR:5000.00' },
      payments: {
        ...{ RETRY_MIN_MS: '100', WORKER_INTERVAL_MS: '100' },
        ...{ WITHDRAWAL_MIN: 'ZAR:10.00', WITHDRAWAL_MAX: 'ZAR:400.00', WITHDRAWAL_APPROVAL_ABOVE: 'ZAR:300.00' },
      },
      // What nobody wakes comes too late for the test.
      gateway: { LIVE_POLL_MS: '600000', LIVE_POLL_UNWOKEN_MS: '600000' },
      reconciler: { SWEEP_INTERVAL_MS: '100', EARLY_READ_STEPS_MS: '300,300' },
    },
  });
  const { email } = await system.signUp();
  await grantRole(system.databases.gateway.ownerUrl, email, 'admin');
  const login = `${system.gatewayUrl}/api/v1/auth/login`;
  const { body } = expectStatus(await call('POST', login, { email, password: 'Correct-Horse-1' }), 200);
  admin = (method, path, json) =>
    call(method, `${system.gatewayUrl}/api/v1/admin${path}`, json, { authorization: `Bearer ${body.access_token}` });
});
afterEach(() => system.assertPromises());
afterAll(async () => {
  for (const reader of readers) reader.leave();
  await system?.close();
});

async function follow(client: Client, id: string): Promise<EventReader> {
  const headers = { authorization: `Bearer ${client.token}` };
  const reader = await readEvents(`${system.gatewayUrl}/api/v1/transactions/${id}/events`, headers);
  readers.push(reader);
  return reader;
}
/** The bank pays it out, as soon as it was asked to. */
async function bankPays({ id }: { id: string }): Promise<void> {
  await poll(() => system.simulator.truth().some((row) => row.reference === id && row.status === 'pending'), {
    timeoutMs: 30_000,
  });
  system.simulator.control.payoutSucceed({ reference: id });
}
const told = ({ events }: EventReader) =>
  events.map(({ name, data }) => [name, data['status'], data['reason']].filter(Boolean).join(' '));

test('T5: a deposit and a withdrawal are followed live to their ends', async () => {
  const client = await system.signUp();
  const { id } = expectStatus(await client.deposit('100.00'), 201).body;
  const deposit = await follow(client, id);
  await poll(() => deposit.events.length === 1);
  system.simulator.control.pay({ reference: id });
  await poll(() => deposit.closed);
  expect(told(deposit)).toEqual(['status pending', 'status completed', 'end ended']);

  const asked = expectStatus(await client.withdraw('60.00'), 202).body;
  const withdrawal = await follow(client, asked.id);
  await bankPays(asked);
  await poll(() => withdrawal.closed, { timeoutMs: 30_000 });
  expect(told(withdrawal)).toEqual(['status pending', 'status processing', 'status completed', 'end ended']);
  const timeline = (await client.transaction(asked.id)).body.timeline.map((entry: { status: string }) => entry.status);
  expect(timeline).toEqual(['pending', 'processing', 'completed']);
}, 60_000);

test('M9 T5: a large one waits, its user sees that it is approved, and it is paid', async () => {
  const client = await system.funded('400.00');
  const { id } = expectStatus(await client.withdraw('350.00'), 202).body;
  const reader = await follow(client, id);
  expect((await client.balance()).held).toBe('350.00');
  const { body } = expectStatus(await admin('GET', '/withdrawals'), 200);
  expect(body.data).toMatchObject([{ id, amount: '350.00', approval: 'waiting' }]);
  expectStatus(await admin('POST', `/withdrawals/${id}/approve`, {}), 202);
  await bankPays({ id });
  await poll(() => reader.closed, { timeoutMs: 30_000 });
  expect(told(reader)).toEqual([
    ...['status pending', 'status pending awaiting_approval', 'status pending approved', 'status processing'],
    ...['status completed', 'end ended'],
  ]);
  const log = await poll(async () =>
    (await admin('GET', '/audit-log')).body.data.find((entry: { about: string }) => entry.about === id),
  );
  expect(log).toMatchObject({ source: 'payments', action: 'withdrawal_approved' });
}, 60_000);

test('M9 T5: a rejected one is failed, and its money is back', async () => {
  const client = await system.funded('400.00');
  const { id } = expectStatus(await client.withdraw('350.00'), 202).body;
  const reader = await follow(client, id);
  expectStatus(await admin('POST', `/withdrawals/${id}/reject`, { note: 'the user did not know of it' }), 202);
  await poll(() => reader.closed, { timeoutMs: 30_000 });
  expect(told(reader).slice(-2)).toEqual(['status failed rejected_by_admin', 'end ended']);
  expect(await client.balance()).toMatchObject({ available: '400.00', held: '0.00' });
  // Given back to today as well: 640.00 would be too much.
  await bankPays(expectStatus(await client.withdraw('290.00'), 202).body);
}, 60_000);

test('M9: limits refuse by name, and what was refused or cancelled counts no more', async () => {
  const client = await system.funded('1000.00');
  expect((await client.withdraw('9.99')).body).toMatchObject({
    code: 'amount_below_minimum',
    limit: { amount: '10.00' },
  });
  expect((await client.withdraw('400.01')).body).toMatchObject({ code: 'amount_above_maximum' });
  const first = expectStatus(await client.withdraw('290.00'), 202).body;
  const refused = await client.withdraw('211.00');
  expect([refused.status, refused.body]).toMatchObject([
    422,
    { code: 'daily_limit_exceeded', limit: { amount: '500.00', left: '210.00', currency: 'ZAR' } },
  ]);
  const resets = new Date(refused.body.limit.resets_at);
  expect([resets.getUTCHours(), resets.getUTCMinutes()], 'midnight in South Africa').toEqual([22, 0]);
  expect(resets.getTime()).toBeGreaterThan(Date.now());
  const second = expectStatus(await client.withdraw('210.00'), 202).body;
  await Promise.all([first, second].map(bankPays));
}, 60_000);

test('M10 T5: a removed bank account is gone for new ones; a past balance is what it was', async () => {
  const client = await system.funded('100.00');
  const at = new Date().toISOString();
  const asked = expectStatus(await client.withdraw('60.00'), 202).body;
  expectStatus(await client.call('DELETE', `/bank-accounts/${client.bankAccountId}`), 204);
  expect((await client.withdraw('10.00')).body.code).toBe('bank_account_not_found');
  await bankPays(asked);
  await poll(async () => (await client.balance()).available === '40.00' && (await client.balance()).held === '0.00', {
    timeoutMs: 30_000,
  });
  expect((await client.call('GET', `/wallets/ZAR?at=${at}`)).body).toMatchObject({
    available: '100.00',
    held: '0.00',
    at,
  });
  expect((await client.call('GET', '/wallets?at=2020-01-01T00:00:00Z')).body.data).toMatchObject([
    { available: '0.00' },
  ]);
}, 60_000);
