import { randomBytes } from 'node:crypto';
import pg from 'pg';
import request from 'supertest';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { signInternalToken } from '#libs/auth';
import { loadConfig, newUuid } from '#libs/runtime';
import type { RunningService } from '#libs/service';
import { amqpPrefix, poll } from '#libs/testing';
import { config } from '../src/config.ts';
import { creditDeposit } from '../src/credit-deposit.ts';
import { start } from '../src/start.ts';
import { depositOf, foreignId, owner, postgresTestLedger, withdrawalOf } from './ledgers.ts';

/** The running service, which looks at its ledger ten times a second. */
const key = randomBytes(32);
let ledger: Awaited<ReturnType<typeof postgresTestLedger>>;
let wallet: RunningService;
beforeAll(async () => {
  ledger = await postgresTestLedger();
  const environment = {
    ...{ NODE_ENV: 'test', LOG_LEVEL: 'silent', DATABASE_URL: ledger.url, AMQP_URL: inject('amqpUrl') },
    ...{ AMQP_PREFIX: amqpPrefix(), INTERNAL_KEY: key.toString('base64'), LEDGER_CHECK_INTERVAL_MS: '100' },
  };
  wallet = await start(loadConfig(config, environment));
});
afterAll(async () => {
  await wallet?.stop();
  await ledger?.close();
});

type Role = 'user' | 'support' | 'admin';
const bearer = (role: Role, userId = newUuid()) => {
  const actor = { kind: 'user', userId, role, email: 'thandi@example.com' } as const;
  return { authorization: `Bearer ${signInternalToken(key, { audience: 'wallet', actor, ttlS: 60 })}` };
};
const freeze = (body: object, role: Role = 'admin') =>
  request(wallet.url).post('/freezes').set(bearer(role)).send(body);
const release = (id: string, adminId = newUuid()) =>
  request(wallet.url).post(`/freezes/${id}/release`).set(bearer('admin', adminId));
const shownWallet = async (userId: string) =>
  (await request(wallet.url).get('/wallets/ZAR').set(bearer('user', userId))).body;
const funded = async () => {
  const deposit = depositOf(owner(), 10_000n);
  await creditDeposit(ledger.deps, deposit, foreignId());
  return deposit;
};
const hold = async (who: ReturnType<typeof owner>) => {
  const { transactionId, userId, currency, amountMinor } = withdrawalOf(who, 100n);
  const actor = { kind: 'service', service: 'payments' } as const;
  const token = signInternalToken(key, { audience: 'wallet', actor, ttlS: 60 });
  const body = { transaction_id: transactionId, user_id: userId, currency, amount_minor: String(amountMinor) };
  return (await request(wallet.url).post('/holds').auth(token, { type: 'bearer' }).send(body)).body.reason;
};

test('M11 A3: an admin freezes a wallet, which shows it and holds nothing; two admins lift it', async () => {
  const who = await funded();
  const body = { scope: 'wallet', user_id: who.userId, currency: 'ZAR', reason: 'account_takeover' };
  const { body: frozen } = await freeze(body).expect(201);
  expect(frozen).toMatchObject({ ...body, release_proposed_by: null, released_at: null });
  expect([await hold(who), (await shownWallet(who.userId)).frozen]).toEqual(['wallet_frozen', true]);
  const listed = await request(wallet.url).get('/freezes').set(bearer('support')).expect(200);
  expect(listed.body.data).toContainEqual(frozen);

  const admin = newUuid();
  await release(frozen.id, admin).expect(200);
  expect((await release(frozen.id, admin).expect(409)).body.code).toBe('other_admin_needed');
  expect((await release(frozen.id).expect(200)).body.released_at).not.toBeNull();
  expect((await release(frozen.id).expect(409)).body.code).toBe('freeze_released');
  expect([await hold(who), (await shownWallet(who.userId)).frozen]).toEqual([null, false]);
});

test('A3: users and support freeze and lift nothing; an owner that was left out does not freeze everybody', async () => {
  const everything = { scope: 'everything', reason: 'incident' };
  await freeze(everything, 'user').expect(403);
  await freeze(everything, 'support').expect(403);
  await request(wallet.url).get('/freezes').set(bearer('user')).expect(403);
  await request(wallet.url).post(`/freezes/${newUuid()}/release`).set(bearer('support')).expect(403);
  await freeze({ reason: 'incident' }).expect(422);
  await freeze({ ...everything, user_id: newUuid() }).expect(422);
  await freeze({ ...everything, reason: 'Because of Mr X' }).expect(422);
  await release(newUuid()).expect(404);
  await release('1').expect(404);
});

test('R5 M11: an entry that a superuser edits is seen within the interval: withdrawals are refused, and the metrics say so', async () => {
  const [robbed, innocent] = [await funded(), await funded()];
  const ops = async () => (await request(wallet.opsUrl).get('/metrics')).text;
  const drift = (text: string) => /^ledger_drift_wallets.* (\d+)$/m.exec(text)?.[1];
  await poll(async () => drift(await ops()) === '0');

  const superuser = new pg.Client({ connectionString: ledger.ownerUrl });
  await superuser.connect();
  await superuser.query(
    `UPDATE entries SET amount_minor = amount_minor + 7 WHERE line = 2 AND wallet_id IN (SELECT id FROM wallets WHERE user_id = $1)`,
    [robbed.userId],
  );
  await superuser.end();
  await poll(async () => drift(await ops()) === '1');
  expect(await ops()).toMatch(/^ledger_imbalance_minor{currency="ZAR",service="wallet"} 7$/m);
  expect([await hold(innocent), (await shownWallet(innocent.userId)).frozen]).toEqual(['wallet_frozen', true]);
  await creditDeposit(ledger.deps, depositOf(innocent, 5n), foreignId());
  expect(await shownWallet(innocent.userId)).toMatchObject({ available: '100.05' });
});
