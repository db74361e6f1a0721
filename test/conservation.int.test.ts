import { randomUUID } from 'node:crypto';
import amqplib from 'amqplib';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { connectDatabase } from '#libs/db';
import { createLogger, newId } from '#libs/runtime';
import { amqpPrefix, poll } from '#libs/testing';
import { grantRole } from '../deploy/grant-role/grant-role.ts';
import type { Service } from '../deploy/local/databases.ts';
import { book } from '../services/wallet/src/ledger/booking.ts';
import { credit } from '../services/wallet/src/ledger/ledger.ts';
import { postgresLedger } from '../services/wallet/src/ledger/ledger-store.ts';
import { type Answer, type Client, call, expectStatus } from './system/client.ts';
import { type System, startSystem } from './system/start-system.ts';

/** R5, I9, M7 over the whole system: what contradicts itself is seen, named and frozen, and nothing else is. */

/** The shortest that no flow of this test exceeds on a loaded machine: a break is one after twice this. */
const flowMaxMs = 4_000;
const prefix = amqpPrefix();
const seenTimeoutMs = 60_000;

let system: System;
let maker: Staff;
let checker: Staff;

type Staff = (method: string, path: string, json?: unknown, headers?: Record<string, string>) => Promise<Answer>;

beforeAll(async () => {
  system = await startSystem({
    env: { AMQP_PREFIX: prefix, RATE_LIMITS_ENFORCED: 'false' },
    settings: {
      wallet: { LEDGER_CHECK_INTERVAL_MS: '500', LEDGER_CHECK_FULL_EVERY: '1' },
      payments: { RETRY_MIN_MS: '100', WORKER_INTERVAL_MS: '100' },
      reconciler: {
        SWEEP_INTERVAL_MS: '200',
        EARLY_READ_STEPS_MS: '500',
        CONSERVATION_INTERVAL_MS: '300',
        CONSERVATION_FLOW_MAX_MS: String(flowMaxMs),
      },
    },
  });
  [maker, checker] = await Promise.all([admin(), admin()]);
});
afterAll(() => system?.close());

async function admin(): Promise<Staff> {
  const { email } = await system.signUp();
  expect(await grantRole(system.databases.gateway.ownerUrl, email, 'admin')).toBe(true);
  const login = `${system.gatewayUrl}/api/v1/auth/login`;
  const { body } = expectStatus(await call('POST', login, { email, password: 'Correct-Horse-1' }), 200);
  return (method, path, json, headers = {}) =>
    call(method, `${system.gatewayUrl}/api/v1/admin${path}`, json, {
      authorization: `Bearer ${body.access_token}`,
      ...headers,
    });
}

async function asOwner<Row extends object>(service: Service, text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: system.databases[service].ownerUrl });
  await client.connect();
  return client
    .query<Row>(text, values)
    .then(({ rows }) => rows)
    .finally(() => client.end());
}

const userIdOf = async ({ email }: Client): Promise<string> =>
  (await asOwner<{ id: string }>('gateway', 'SELECT id FROM users WHERE email = $1', [email]))[0]?.id ?? '';
const walletOf = async (client: Client) => expectStatus(await client.call('GET', '/wallets/ZAR'), 200).body;
type Found = { id: string; cause: string; transaction_id: string | null; object_id: string | null; evidence: object };
const casesAbout = async (cause: string, which: (found: Found) => boolean = () => true): Promise<Found[]> =>
  (await maker('GET', '/cases')).body.data.filter((found: Found) => found.cause === cause && which(found));
const freezes = async () =>
  (await maker('GET', '/freezes')).body.data.filter(
    ({ released_at }: { released_at: unknown }) => released_at === null,
  );
const ends = (client: Client, id: string, status: string) =>
  poll(async () => (await client.transaction(id)).body.status === status, { timeoutMs: seenTimeoutMs });
const paidOut = async (client: Client, amount: string): Promise<string> => {
  const { id } = expectStatus(await client.withdraw(amount), 202).body;
  await poll(() => system.simulator.truth().some((row) => row.reference === id && row.status === 'pending'));
  system.simulator.control.payoutSucceed({ reference: id });
  await ends(client, id, 'completed');
  return id;
};
async function lift(): Promise<void> {
  for (const { id } of await freezes())
    for (const who of [maker, checker]) expectStatus(await who('POST', `/freezes/${id}/release`), 200);
}

/** As somebody does who knows the ledger well: balanced, chained, with the wallet's row in step. */
async function forgeCredit(client: Client, amountMinor: bigint): Promise<{ transactionId: string; sourceId: string }> {
  const forged = { transactionId: newId('dep'), sourceId: randomUUID() };
  const db = await connectDatabase({
    ...{ url: system.databases.wallet.ownerUrl, entities: [], poolMax: 1, applicationName: 'forger' },
    logger: createLogger({ name: 'forger', level: 'silent' }),
  });
  const owner = { userId: await userIdOf(client), currency: 'ZAR' } as const;
  await db.transact(async (sql) => {
    const ledger = postgresLedger(sql);
    const wallet = await ledger.lockWallet(owner, { id: randomUUID(), at: new Date() });
    const decision = credit(wallet, amountMinor);
    if (decision.action !== 'move') throw new Error(decision.reason);
    const occasion = { id: randomUUID(), kind: 'credit', createdAt: new Date(), traceId: null, amountMinor } as const;
    await ledger.write(book(wallet, { ...occasion, ...forged }, decision.moves));
  });
  await db.close();
  return forged;
}

test('M7: a refund of what was spent is a debt: withdrawals stop, a case opens, and the next deposit repays it', async () => {
  const client = await system.signUp();
  const { body: deposit } = await client.deposit('100.00');
  system.simulator.control.pay({ reference: deposit.id });
  await ends(client, deposit.id, 'completed');
  await paidOut(client, '80.00');
  system.simulator.control.refund({ reference: deposit.id });
  await poll(async () => (await walletOf(client)).debt === '80.00', { timeoutMs: seenTimeoutMs });
  const refused = await client.withdraw('1.00');
  expect([refused.status, refused.body.code]).toEqual([422, 'wallet_in_debt']);
  const [debt, ...more] = await poll(async () => {
    const found = await casesAbout('user_in_debt', ({ transaction_id }) => transaction_id === deposit.id);
    return found.length > 0 ? found : undefined;
  });
  expect(more).toEqual([]);
  expect(debt?.evidence).toMatchObject({ amount_minor: '10000', receivable_minor: '8000', reversal: 'refund' });
  const again = await client.deposit('90.00');
  system.simulator.control.pay({ reference: again.body.id });
  await ends(client, again.body.id, 'completed');
  expect(await walletOf(client)).toMatchObject({ available: '10.00', debt: '0.00' });
  expectStatus(await client.withdraw('10.00'), 202);
  await poll(() => system.simulator.truth().some((row) => row.kind === 'payout' && row.status === 'pending'));
  for (const { reference } of system.simulator
    .truth()
    .filter((row) => row.status === 'pending' && row.kind === 'payout'))
    system.simulator.control.payoutSucceed({ reference });
  await system.assertPromises();
});

test('I9 R5 M11: a forged posting freezes that wallet and no other, opens one case with both sides, and two people end it', async () => {
  const [victim, other] = [await system.funded('50.00'), await system.funded('50.00')];
  const forged = await forgeCredit(victim, 50_000n);
  expect(await victim.balance()).toMatchObject({ available: '550.00' });
  await poll(async () => (await walletOf(victim)).frozen === true, { timeoutMs: seenTimeoutMs });
  expect((await walletOf(other)).frozen).toBe(false);
  const refused = await victim.withdraw('1.00');
  expect([refused.status, refused.body.code]).toEqual([422, 'wallet_frozen']);
  await paidOut(other, '1.00');

  const [opened, ...more] = await casesAbout('conservation_broken');
  expect(more).toEqual([]);
  expect(opened).toMatchObject({
    transaction_id: forged.transactionId,
    evidence: {
      difference: ['missing_there'],
      ledger: { source_id: forged.sourceId, amount_minor: '50000', user_id: await userIdOf(victim) },
      provider: null,
    },
  });
  expect(await freezes()).toMatchObject([
    {
      scope: 'wallet',
      user_id: await userIdOf(victim),
      reason: 'conservation_broken',
      frozen_by: `case:${opened?.id}`,
    },
  ]);
  await system.assertPromises(); // a case explains it
  const wrong = await system.violations({ atRest: true, casesExplain: false });
  expect(wrong.filter(({ rule }) => rule.startsWith('I9'))).toMatchObject([
    { rule: expect.stringContaining('I9 per deposit'), subject: forged.transactionId },
  ]);

  const proposal = expectStatus(
    await maker('POST', '/adjustments', {
      ...{ user_id: await userIdOf(victim), currency: 'ZAR', amount: '500.00', direction: 'debit' },
      ...{ reason_code: 'forged_posting', evidence: 'nobody paid it', case_id: opened?.id },
    }),
    201,
  );
  const etag = { 'if-match': proposal.headers.get('etag') ?? '' };
  expectStatus(await checker('POST', `/proposals/${proposal.body.id}/approve`, {}, etag), 200);
  await poll(async () => (await victim.balance()).available === '50.00');
  await lift();
  const until = Date.now() + 2 * flowMaxMs;
  await poll(
    async () => {
      expect((await walletOf(victim)).frozen, 'ended by two people, it freezes no more').toBe(false);
      return Date.now() > until;
    },
    { timeoutMs: seenTimeoutMs },
  );
  expect(await asOwner('reconciler', 'SELECT state FROM differences')).toEqual([{ state: 'explained' }]);
});

test('I9 F7: money that moved at Revio and whose message was lost is seen, names the object, and is mended by telling it again', async () => {
  const client = await system.signUp();
  const { body: deposit } = await client.deposit('70.00');
  await system.stop('wallet');
  system.simulator.control.pay({ reference: deposit.id });
  const told = () =>
    asOwner<{ id: string }>(
      'reconciler',
      `SELECT id FROM outbox WHERE type = 'reconciler.deposit-settled.v1' AND published_at IS NOT NULL
         AND envelope #>> '{data,transaction_id}' = $1`,
      [deposit.id],
    );
  const [row] = await poll(async () => {
    const rows = await told();
    return rows.length > 0 ? rows : undefined;
  });
  const connection = await amqplib.connect(inject('amqpUrl'));
  const channel = await connection.createChannel();
  expect((await channel.purgeQueue(`${prefix}wallet`)).messageCount).toBeGreaterThan(0);
  await connection.close();
  await system.restart('wallet');

  const [opened] = await poll(
    async () => {
      const found = await casesAbout('conservation_broken', ({ transaction_id }) => transaction_id === deposit.id);
      return found.length > 0 ? found : undefined;
    },
    { timeoutMs: seenTimeoutMs },
  );
  const purchase = system.simulator.truth().find(({ reference }) => reference === deposit.id);
  expect(opened).toMatchObject({
    object_id: purchase?.object_id,
    evidence: { difference: ['missing_here'], ledger: null, provider: { object_ids: [purchase?.object_id] } },
  });
  await poll(async () => (await walletOf(client)).frozen === true);

  await asOwner('reconciler', 'UPDATE outbox SET published_at = NULL WHERE id = $1', [row?.id]);
  await ends(client, deposit.id, 'completed');
  await poll(
    async () => (await asOwner('reconciler', `SELECT 1 FROM differences WHERE state = 'broken'`)).length === 0,
    { timeoutMs: seenTimeoutMs },
  );
  await lift();
  await system.assertPromises();
});

test("R5 I2: a superuser edits an entry → named, and withdrawals are frozen everywhere within the checker's interval", async () => {
  const [client, other] = [await system.funded('30.00'), await system.funded('30.00')];
  await asOwner(
    'wallet',
    `UPDATE entries SET amount_minor = amount_minor + 1000000, balance_minor = balance_minor + 1000000
     WHERE account = 'available' AND wallet_id = (SELECT id FROM wallets WHERE user_id = $1)`,
    [await userIdOf(client)],
  );
  await poll(async () => (await walletOf(other)).frozen === true, { timeoutMs: seenTimeoutMs });
  const refused = await other.withdraw('1.00');
  expect([refused.status, refused.body.code]).toEqual([422, 'wallet_frozen']);
  const [found] = await poll(async () => {
    const all = await casesAbout('invariant_broken');
    return all.length > 0 ? all : undefined;
  });
  expect(found?.evidence).toMatchObject({
    user_id: await userIdOf(client),
    invariants: ['I1', 'I2', 'chain'],
    entry: '1:2',
  });
  await system.funded('5.00'); // Deposits land meanwhile.
});
