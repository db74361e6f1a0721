import pg from 'pg';
import { beforeEach, expect, test } from 'vitest';
import { connectDatabase, type Database } from '#libs/db';
import { newUuid, systemClock } from '#libs/runtime';
import { createMetrics } from '#libs/telemetry';
import { tcpProxy } from '#libs/testing';
import { type Checkpoints, checkLedger } from '../src/checker/check-ledger.ts';
import { exposeLedger } from '../src/checker/metrics.ts';
import { watchLedger } from '../src/checker/watch-ledger.ts';
import { creditDeposit } from '../src/credit-deposit.ts';
import { entities } from '../src/entities.ts';
import { releaseFreeze } from '../src/freezes/release-freeze.ts';
import { holdFunds } from '../src/hold-funds.ts';
import type { LedgerDeps } from '../src/in-wallet.ts';
import { postHold } from '../src/post-hold.ts';
import { reverseDeposit } from '../src/reverse-deposit.ts';
import { voidHold } from '../src/void-hold.ts';
import { depositOf, foreignId, logger, owner, postgresTestLedger, withdrawalOf } from './ledgers.ts';

/** A ledger for each test, since most of them break it. */
let ledger: Awaited<ReturnType<typeof postgresTestLedger>>;
let db: Database;
let asOwner: pg.Client;
const opened: { close(): Promise<void> }[] = [];

const connect = async (url: string) => {
  const database = await connectDatabase({ url, entities, poolMax: 3, applicationName: 'checker', logger });
  opened.push(database);
  return database;
};
beforeEach(async () => {
  ledger = await postgresTestLedger();
  db = await connect(ledger.url);
  asOwner = new pg.Client({ connectionString: ledger.ownerUrl });
  await asOwner.connect();
  return async () => {
    await asOwner.end();
    await Promise.all(opened.splice(0).map((each) => each.close()));
    await ledger.close();
  };
});

const check = (checkpoints: Checkpoints = new Map(), full = false) => checkLedger(db.transact, checkpoints, { full });
const watching = (database: Database = db, holder = newUuid()) =>
  watchLedger({
    ...{ ledger: ledger.deps, sql: database, clock: systemClock, logger, holder },
    ...{ intervalMs: 60_000, fullEvery: 60 },
  });
const funded = async (amountMinor = 10_000n) => {
  const deposit = depositOf(owner(), amountMinor);
  await creditDeposit(ledger.deps, deposit, foreignId());
  return deposit;
};
const walletIdOf = async (who: Parameters<typeof ledger.wallet>[0]) => (await ledger.wallet(who))?.id;

/** Of one user, any of the ways in which money moves; `n` chooses, so that the same numbers make the same ledger. */
async function operate(deps: LedgerDeps, deposit: ReturnType<typeof depositOf>, n: number): Promise<void> {
  const claim = withdrawalOf(deposit, BigInt(1 + (n % 700)));
  if (n % 5 === 0) return creditDeposit(deps, depositOf(deposit, BigInt(1 + (n % 997))), foreignId());
  if (n % 41 === 1) {
    const refund = { ...deposit, amountMinor: 3n, paymentId: foreignId(), reversal: 'refund' } as const;
    return reverseDeposit(deps, refund, foreignId());
  }
  await holdFunds(deps, claim);
  if (n % 3 === 0) await postHold(deps, claim, foreignId());
  if (n % 3 === 1) await voidHold(deps, { ...claim, by: 'request', reason: 'cancelled' }, foreignId());
}

test('R5 M5: entries still verify after 1000 random operations, in whole and in parts', async () => {
  const users = await Promise.all(Array.from({ length: 10 }, () => funded()));
  const inParts: Checkpoints = new Map();
  for (let n = 0; n < 1_000; n += 50) {
    const batch = Array.from({ length: 50 }, (_, i) => n + i);
    await Promise.all(batch.map((each) => operate(ledger.deps, users[each % 10] ?? depositOf(owner(), 1n), each)));
    expect((await check(inParts)).breaks).toEqual([]);
  }
  const whole: Checkpoints = new Map();
  const state = await check(whole, true);
  expect(state).toMatchObject({ breaks: [], driftWallets: 0, negativeAccounts: 0 });
  expect(state.imbalanceMinor).toEqual(new Map([['ZAR', 0n]]));
  expect(whole).toEqual(inParts);
  expect(state.holdsOpen).toBeGreaterThan(0);
});

test.each<[string, string, object]>([
  [
    'an amount in an entry',
    `UPDATE entries SET amount_minor = amount_minor + 1 WHERE wallet_version = 1 AND account = 'available'`,
    { invariants: ['I1', 'I2', 'chain'], entry: '1:2' },
  ],
  [
    'two entries of a posting, so that it still sums to zero',
    'UPDATE entries SET amount_minor = amount_minor * 2, balance_minor = balance_minor * 2 WHERE wallet_version = 1',
    { invariants: ['I2', 'chain'], entry: '1:1' },
  ],
  ['a balance', 'UPDATE wallets SET available_minor = available_minor + 1', { invariants: ['I2'], entry: null }],
  [
    'money moved between balances',
    'UPDATE wallets SET available_minor = available_minor - 5, held_minor = held_minor + 5',
    { invariants: ['I2'], entry: null },
  ],
  [
    'a whole posting that is gone, with the balance put right',
    `DELETE FROM entries WHERE wallet_version = 2;
     UPDATE wallets SET available_minor = available_minor + 100, held_minor = held_minor - 100`,
    { invariants: ['chain'], entry: '2:1' },
  ],
  [
    'an entry nobody booked',
    `INSERT INTO entries SELECT wallet_id, 9, line, posting_id, account, currency, amount_minor, balance_minor, previous_hash,
       hash, trace_id, created_at FROM entries WHERE wallet_version = 1`,
    { invariants: ['I2', 'chain'], entry: '9:1' },
  ],
])('R5 I1 I2: drift is seen at the next check and named: %s', async (_what, text, found) => {
  await funded();
  const checkpoints: Checkpoints = new Map();
  const who = await funded();
  await holdFunds(ledger.deps, withdrawalOf(who, 100n));
  await check(checkpoints);
  const walletId = await walletIdOf(who);
  const where = (statement: string) =>
    `${statement}${/WHERE/.test(statement) ? ' AND' : ' WHERE'} ${/wallets/.test(statement) ? 'id' : 'wallet_id'} = '${walletId}'`;
  for (const statement of text.split(';')) await asOwner.query(where(statement));

  const state = await check(checkpoints);
  expect(state.breaks).toEqual([{ userId: who.userId, currency: 'ZAR', walletId, ...found }]);
  expect(state.driftWallets).toBe(1);
  expect((await check(checkpoints)).driftWallets, 'and again, until it is mended').toBe(1);
});

test('R5: a history that was taken back or rewritten, hashes and all, is not what an earlier check has seen', async () => {
  const who = await funded();
  const walletId = await walletIdOf(who);
  const takeBack = async (): Promise<void> => {
    await asOwner.query('DELETE FROM entries WHERE wallet_id = $1 AND wallet_version = 2', [walletId]);
    await asOwner.query('DELETE FROM postings WHERE wallet_id = $1 AND wallet_version = 2', [walletId]);
    await asOwner.query(
      `UPDATE wallets SET version = 1, available_minor = available_minor + held_minor, held_minor = 0,
         last_hash = (SELECT hash FROM entries WHERE wallet_id = $1 ORDER BY wallet_version DESC, line DESC LIMIT 1)
       WHERE id = $1`,
      [walletId],
    );
  };
  const checkpoints: Checkpoints = new Map();
  const isFound = async (full = false) =>
    expect((await check(checkpoints, full)).breaks).toEqual([
      { userId: who.userId, currency: 'ZAR', walletId, invariants: ['chain'], entry: '2:1' },
    ]);
  await holdFunds(ledger.deps, withdrawalOf(who, 100n));
  expect((await check(checkpoints)).breaks).toEqual([]);
  await takeBack();
  expect((await check()).breaks, 'by itself it is whole').toEqual([]);
  await isFound();
  await isFound(true);
  await holdFunds(ledger.deps, withdrawalOf(who, 50n));
  await isFound();
});

test('R5 I3: a negative balance that somebody let in is seen', async () => {
  await funded();
  await asOwner.query('ALTER TABLE wallets DROP CONSTRAINT wallets_held_not_negative');
  await asOwner.query('UPDATE wallets SET held_minor = -1');
  expect(await check()).toMatchObject({ negativeAccounts: 1, breaks: [{ invariants: ['I2', 'I3'] }] });
});

test('R5: what touches no amount, in an entry or its posting, is found by the check of all hashes', async () => {
  const who = await funded();
  const checkpoints: Checkpoints = new Map();
  await check(checkpoints);
  await asOwner.query(`UPDATE postings SET transaction_id = 'dep_00000000000000000000000000'`);
  expect((await check(checkpoints)).breaks).toEqual([]);
  const { breaks } = await check(checkpoints, true);
  expect(breaks).toMatchObject([{ walletId: await walletIdOf(who), invariants: ['chain'], entry: '1:1' }]);
});

test('R5 M11: a drift freezes withdrawals everywhere and is told once, with the entry; deposits still land', async () => {
  const [robbed, innocent] = [await funded(), await funded()];
  const checker = watching();
  await checker.runOnce();
  await asOwner.query(`UPDATE entries SET amount_minor = 9 WHERE line = 2 AND wallet_id = $1`, [
    await walletIdOf(robbed),
  ]);
  await checker.runOnce();
  await checker.runOnce();

  const freeze = await ledger.deps.transact((tx) => tx.findActiveFreeze(null));
  expect(freeze).toMatchObject({ owner: null, reason: 'invariant_broken', frozenBy: 'checker' });
  const told = await ledger.sent(freeze?.id ?? '');
  expect(told.map(({ type }) => type)).toEqual(['wallet.frozen.v1', 'wallet.invariant-broken.v1']);
  expect(told[1]?.data).toMatchObject({ wallet_id: await walletIdOf(robbed), user_id: robbed.userId, entry: '1:2' });
  expect(await holdFunds(ledger.deps, withdrawalOf(innocent, 100n))).toMatchObject({ refusal: 'wallet_frozen' });
  await creditDeposit(ledger.deps, depositOf(innocent, 5n), foreignId());
  expect(await ledger.wallet(innocent)).toMatchObject({ availableMinor: 10_005n });

  const freezeId = freeze?.id ?? '';
  for (const adminId of [newUuid(), newUuid()]) await releaseFreeze(ledger.deps, { freezeId, adminId });
  await checker.runOnce();
  const again = await ledger.deps.transact((tx) => tx.findActiveFreeze(null));
  expect(again?.id, 'lifted, but not mended').not.toBe(freeze?.id);
  expect(again).not.toBeNull();
});

test('R5: the database stops under the checker → its gauges are absent, never zero, and the time stands still', async () => {
  await funded();
  const proxy = await tcpProxy(ledger.url);
  const checker = watching(await connect(proxy.url));
  const metrics = createMetrics('wallet');
  exposeLedger(metrics, { last: checker.last, clock: systemClock, intervalMs: 60_000 });
  const samples = async () =>
    (await metrics.render()).text
      .split('\n')
      .filter((line) => line.startsWith('ledger_') && !line.includes('_timestamp'));
  const checkedAt = async () => /^ledger_check_timestamp_seconds.* (.+)$/m.exec((await metrics.render()).text)?.[1];
  expect([await samples(), await checkedAt()], 'before the first check').toEqual([[], undefined]);

  await checker.runOnce();
  expect(await samples()).toEqual(
    [
      'imbalance_minor{currency="ZAR",',
      'debts_minor{currency="ZAR",',
      'drift_wallets{',
      'negative_accounts{',
      'holds_open{',
    ].map((name) => `ledger_${name}service="wallet"} 0`),
  );
  const at = await checkedAt();
  proxy.cut();
  await proxy.close();
  await expect(checker.runOnce()).rejects.toThrow();
  expect(await samples()).toEqual([]);
  expect([await checkedAt(), at]).toEqual([at, expect.stringMatching(/^\d/)]);
});

test('R5: a check that has not ended for three intervals is shown as nothing', async () => {
  const checker = watching();
  await checker.runOnce();
  const metrics = createMetrics('wallet');
  const clock = { monotonicMs: () => systemClock.monotonicMs() + 180_001 };
  exposeLedger(metrics, { last: checker.last, clock, intervalMs: 60_000 });
  expect((await metrics.render()).text).not.toMatch(/^ledger_drift_wallets/m);
});

test('R6: of two replicas one checks; the other knows nothing, and says nothing', async () => {
  const [one, two] = [watching(), watching()];
  await one.runOnce();
  await two.runOnce();
  expect([one.last(), two.last()]).toEqual([expect.anything(), undefined]);
});

test('R5: checked in a tight loop while two instances move money, there is no false alarm', async () => {
  const users = await Promise.all(Array.from({ length: 5 }, () => funded()));
  const instances = [ledger.deps, await ledger.another()];
  let busy = true;
  const checkpoints: Checkpoints = new Map();
  const checks = (async () => {
    let done = 0;
    for (; busy; done++) expect((await check(checkpoints, done % 2 === 0)).breaks).toEqual([]);
    return done;
  })();
  const operations = Array.from({ length: 500 }, (_, n) =>
    operate(instances[n % 2] ?? ledger.deps, users[n % 5] ?? depositOf(owner(), 1n), n),
  );
  await Promise.all(operations).finally(() => {
    busy = false;
  });
  expect(await checks).toBeGreaterThan(3);
});
