import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serviceNames } from '#libs/contracts';
import { migrate } from '#libs/db';
import { type RevioSimulator, startRevioSimulator } from '#libs/revio-simulator';
import { poll } from '#libs/testing';
import { grantRole } from '../../deploy/grant-role/grant-role.ts';
import { createServiceDatabase, type Service } from '../../deploy/local/databases.ts';
import { type Postgres, startPostgres } from '../../deploy/local/postgres.ts';
import { foundNone, foundPayout } from '../../deploy/recover/end-look-up.ts';
import { fenceAfterRestore } from '../../deploy/recover/fence.ts';
import { replay } from '../../deploy/replay/replay.ts';
import { migrations as gateway } from '../../services/gateway/src/migrations/index.ts';
import { migrations as payments } from '../../services/payments/src/migrations/index.ts';
import { migrations as reconciler } from '../../services/reconciler/src/migrations/index.ts';
import { migrations as wallet } from '../../services/wallet/src/migrations/index.ts';
import { migrations as webhooks } from '../../services/webhooks/src/migrations/index.ts';
import { type Client, call, expectStatus } from '../system/client.ts';
import { type System, startSystem } from '../system/start-system.ts';
import { restoreBackup, takeBackup } from './base-backup.ts';

/**
 * O5, `npm run drill:restore`: all databases are lost, and restored to a moment after which money has moved on at Revio and in the lost
 * books. Whoever is paid stays paid once, whoever paid is credited once, and what nobody here can know of is a case.
 */
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'piggybank-drill-'));
fs.chmodSync(dir, 0o755); // as root, PostgreSQL runs as another user, who must reach its folder
const backup = path.join(dir, 'backup');
const patience = { timeoutMs: 90_000 };
const settings = {
  payments: {
    RETRY_MIN_MS: '100',
    WORKER_INTERVAL_MS: '100',
    LEASE_MS: '5000',
    WITHDRAWAL_APPROVAL_ABOVE: 'ZAR:50.00',
  },
  reconciler: {
    ...{
      SWEEP_INTERVAL_MS: '200',
      EARLY_READ_STEPS_MS: '500,500',
      READ_STEPS_MS: '500,500',
      REMATCH_INTERVAL_MS: '500',
    },
    ...{
      READ_LEASE_MS: '5000',
      READ_PAUSE_MS: '1000',
      DEPOSIT_READ_AFTER_MS: '1000',
      WITHDRAWAL_READ_AFTER_MS: '1000',
      UNMATCHED_AFTER_MS: '3000',
    },
  },
};

const migrations = { gateway, payments, reconciler, wallet, webhooks };

let postgres: Postgres;
let simulator: RevioSimulator;
let system: System;

beforeAll(async () => {
  postgres = await startPostgres({ dir });
  const databases = await openDatabases(postgres.url);
  simulator = await startRevioSimulator();
  system = await startSystem({ settings, given: { simulator, databases } });
}, 240_000);
afterAll(async () => {
  await system?.close();
  await simulator?.stop();
  await postgres?.stop('KILL');
  fs.rmSync(dir, { recursive: true, force: true, maxRetries: 10 });
}, 120_000);

async function openDatabases(adminUrl: string): Promise<System['databases']> {
  const opened = serviceNames.map(async (service) => {
    const database = await createServiceDatabase(adminUrl, { service, password: 'drill' });
    await migrate({ databaseUrl: database.ownerUrl, migrations: migrations[service] });
    const url = database.serviceUrl;
    return [service, { url, ownerUrl: database.ownerUrl, close: async () => {} }] as const;
  });
  return Object.fromEntries(await Promise.all(opened)) as Record<Service, System['databases'][Service]>;
}

type Admin = { id: string } & ((method: string, path: string, json?: unknown) => ReturnType<typeof call>);
async function newAdmin(): Promise<Admin> {
  const { email } = await system.signUp();
  await grantRole(system.databases.gateway.ownerUrl, email, 'admin');
  const login = { email, password: 'Correct-Horse-1' };
  const { body } = expectStatus(await call('POST', `${system.gatewayUrl}/api/v1/auth/login`, login), 200);
  const { sub: id } = JSON.parse(Buffer.from(body.access_token.split('.')[1], 'base64url').toString());
  const ask = (method: string, route: string, json?: unknown) =>
    call(method, `${system.gatewayUrl}/api/v1/admin${route}`, json, { authorization: `Bearer ${body.access_token}` });
  return Object.assign(ask, { id });
}

const payoutsOf = (id: string) => simulator.truth().filter((row) => row.kind === 'payout' && row.reference === id);
const payoutKnown = async (id: string) => {
  const client = new pg.Client({ connectionString: system.databases.payments.ownerUrl });
  await client.connect();
  const { rows } = await client
    .query('SELECT payout_id FROM transactions WHERE id = $1', [id])
    .finally(() => client.end());
  return rows[0]?.payout_id;
};
const executed = (id: string) =>
  poll(() => payoutsOf(id).find(({ status }) => status === 'pending' || status === 'success'), patience);
async function withdrawn(client: Client, amount: string): Promise<string> {
  const { id } = expectStatus(await client.withdraw(amount), 202).body;
  await executed(id);
  return id;
}
/** What is prepared is not executed, as if the worker had stopped between the two, until this is taken away. */
async function holdIntents(held: boolean): Promise<void> {
  const client = new pg.Client({ connectionString: system.databases.payments.ownerUrl });
  await client.connect();
  await client
    .query(
      held
        ? `CREATE FUNCTION hold_intents() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not now'; END $$;
           CREATE TRIGGER hold_intents BEFORE UPDATE ON transactions FOR EACH ROW
           WHEN (OLD.execute_sent_at IS NULL AND NEW.execute_sent_at IS NOT NULL) EXECUTE FUNCTION hold_intents()`
        : 'DROP FUNCTION hold_intents CASCADE',
    )
    .finally(() => client.end());
}
const statusOf = async (client: Client, id: string) => (await client.transaction(id)).body.status;

test('O5 M6 I8: restored to before money moved: nothing is paid or credited twice, and the books end as Revio has it', async () => {
  const [maker, checker] = [await newAdmin(), await newAdmin()];
  const client = await system.funded('500.00');
  const unpaid = expectStatus(await client.deposit('30.00'), 201).body.id;
  const [underWay, refused] = [await withdrawn(client, '20.00'), await withdrawn(client, '25.00')];
  const waiting = expectStatus(await client.withdraw('60.00'), 202).body.id;
  const never = expectStatus(await client.withdraw('70.00'), 202).body.id;
  await holdIntents(true);
  const prepared = expectStatus(await client.withdraw('15.00'), 202).body.id;
  await poll(() => payoutsOf(prepared).length === 1, patience);
  await poll(async () => (await payoutKnown(prepared)) && (await client.balance()).held === '190.00', patience);
  await takeBackup(postgres.url, dir, backup);

  // The time that will be lost: what was open ends, what was prepared or waited is paid out, and something new begins and ends.
  await holdIntents(false);
  await executed(prepared);
  simulator.control.payoutSucceed({ reference: prepared });
  simulator.control.pay({ reference: unpaid });
  simulator.control.payoutSucceed({ reference: underWay });
  simulator.control.payoutFail({ reference: refused });
  expectStatus(await maker('POST', `/withdrawals/${waiting}/approve`, {}), 202);
  await executed(waiting);
  simulator.control.payoutSucceed({ reference: waiting });
  const lostDeposit = expectStatus(await client.deposit('11.00'), 201).body.id;
  simulator.control.pay({ reference: lostDeposit });
  const lostWithdrawal = await withdrawn(client, '12.00');
  simulator.control.payoutSucceed({ reference: lostWithdrawal });
  for (const id of [unpaid, underWay, prepared, waiting, lostDeposit, lostWithdrawal])
    await poll(async () => (await statusOf(client, id)) === 'completed', patience);

  // The disaster, and the restore as docs/recovery.md says: servers first, then the fence, then services on an empty broker.
  const { secrets, databases, ports } = system;
  await system.close();
  await postgres.stop('KILL');
  restoreBackup(backup, dir);
  postgres = await startPostgres({ dir, port: postgres.port });
  const restored = { walletUrl: databases.wallet.ownerUrl, paymentsUrl: databases.payments.ownerUrl };
  await holdIntents(false);
  expect(await fenceAfterRestore(restored)).toEqual({ toRead: [prepared], toLookUp: [waiting, never].toSorted() });
  expect(await fenceAfterRestore(restored)).toEqual({ toRead: [], toLookUp: [waiting, never].toSorted() });
  system = await startSystem({ settings, given: { simulator, databases, secrets, ports } });
  for (const service of serviceNames) await replay(databases[service].ownerUrl, new Date(0));

  // By itself: what the books know is read at Revio.
  const ended = async (id: string, status: string) =>
    poll(async () => (await statusOf(client, id)) === status, patience);
  await ended(unpaid, 'completed');
  await ended(underWay, 'completed');
  await ended(refused, 'failed');
  // Its payout was known and, as far as the books knew, never executed: nobody executes it again, and Revio's word ends it.
  await ended(prepared, 'completed');
  expect(payoutsOf(prepared)).toHaveLength(1);

  // What may have been paid out can be neither paid nor taken back by anybody.
  for (const id of [waiting, never]) {
    expect((await client.cancel(id)).status).toBe(409);
    expect((await maker('POST', `/withdrawals/${id}/approve`, {})).status).toBe(409);
  }
  expectStatus(await client.withdraw('10.00'), 422);
  expect([payoutsOf(waiting).length, payoutsOf(never).length]).toEqual([1, 0]);

  // By people: what Revio holds under the references.
  const by = [maker.id, checker.id] as const;
  const [payout] = payoutsOf(waiting);
  expect(await foundPayout(restored.paymentsUrl, by, waiting, payout?.object_id ?? '')).toBe(true);
  expect(await foundPayout(restored.paymentsUrl, by, waiting, payout?.object_id ?? '')).toBe(false);
  await ended(waiting, 'completed');
  expect(await foundNone(restored.paymentsUrl, by, never)).toBe(true);
  expectStatus(await client.cancel(never), 202);
  await ended(never, 'cancelled');

  // What the books never knew: Revio's statement or a delivery that is sent again names it, and it is a case.
  const unknown = [lostDeposit, lostWithdrawal].toSorted();
  await poll(async () => {
    const found = await system.violations({ atRest: true });
    expect(new Set(found.map(({ subject }) => subject))).toEqual(new Set(unknown));
    return true;
  }, patience);
  for (const [reference, event] of [
    [lostDeposit, 'purchase.paid'],
    [lostWithdrawal, 'payout.success'],
  ] as const) {
    const object = simulator.control.objects({ reference }).at(-1);
    await simulator.control.sendWebhook({ body: { ...object, event_type: event } });
  }
  await system.assertPromises(patience);
  const { body } = expectStatus(await maker('GET', '/cases?status=open'), 200);
  const cases = body.data.map((one: { cause: string; transaction_id: string }) => `${one.cause} ${one.transaction_id}`);
  // What was fenced and waits for people is one too, after a day; here after three seconds, and so perhaps before it was ended.
  const fenced = [prepared, waiting, never].map((id) => `no_provider_object ${id}`);
  expect(cases.filter((one: string) => !fenced.includes(one)).toSorted()).toEqual(
    unknown.map((id) => `unmatched_object ${id}`),
  );
  expect((await client.balance()).available).toBe('435.00');

  // Two admins lift the freeze, and the system is in use client.
  const freezes = expectStatus(await maker('GET', '/freezes'), 200).body.data;
  expect(freezes).toMatchObject([{ scope: 'everything', reason: 'restored' }]);
  for (const admin of [maker, checker]) expectStatus(await admin('POST', `/freezes/${freezes[0].id}/release`), 200);
  const last = await poll(async () => {
    const { status, body: answer } = await client.withdraw('10.00');
    return status === 202 && answer.id;
  }, patience);
  await executed(last);
  simulator.control.payoutSucceed({ reference: last });
  await ended(last, 'completed');
  await system.assertPromises(patience);
}, 600_000);
