import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { tcpProxy } from '#libs/testing';
import { creditDeposit } from '../src/credit-deposit.ts';
import { holdFunds } from '../src/hold-funds.ts';
import type { LedgerDeps } from '../src/in-wallet.ts';
import { postHold } from '../src/post-hold.ts';
import { reverseDeposit } from '../src/reverse-deposit.ts';
import { voidHold } from '../src/void-hold.ts';
import { depositOf, foreignId, owner, postgresTestLedger, withdrawalOf } from './ledgers.ts';

/**
 * What only a real database can show: two instances of the service, each with its own queues, on one PostgreSQL; one decides each hold alone, the
 * other in batches, as while a deployment rolls.
 */
let ledger: Awaited<ReturnType<typeof postgresTestLedger>>;
let instances: readonly [LedgerDeps, LedgerDeps];
beforeAll(async () => {
  ledger = await postgresTestLedger();
  instances = [ledger.deps, await ledger.another({ batchMax: 64 })];
});
afterEach(() => ledger.expectSound());
afterAll(() => ledger.close());

/** Runs `work` `count` times at once, on both instances in turn. */
const atOnce = <R>(count: number, work: (deps: LedgerDeps, n: number) => Promise<R>): Promise<R[]> =>
  Promise.all(Array.from({ length: count }, (_, n) => work(instances[n % 2 === 0 ? 0 : 1], n)));

const funded = async (amountMinor: bigint) => {
  const deposit = depositOf(owner(), amountMinor);
  await creditDeposit(ledger.deps, deposit, foreignId());
  return deposit;
};
const count = <Thing>(things: readonly Thing[], thing: Thing) => things.filter((each) => each === thing).length;

test('M2 M4 F10: 50 parallel holds of 10.00 over 100.00 on two instances → exactly 10 held, 40 insufficient_funds', async () => {
  const who = await funded(10_000n);
  const answers = await atOnce(50, async (deps) => {
    const hold = await holdFunds(deps, withdrawalOf(who, 1_000n));
    return hold === 'conflict' ? hold : hold.refusal;
  });
  expect([count(answers, null), count(answers, 'insufficient_funds')]).toEqual([10, 40]);
  expect(await ledger.wallet(who)).toMatchObject({ availableMinor: 0n, heldMinor: 10_000n });
});

test('M9 F10: 50 parallel holds of 10.00 under a limit of 100.00 a day on two instances → exactly 10 held', async () => {
  const who = await funded(1_000_000n);
  const limitsOf: LedgerDeps['limitsOf'] = () => ({ dailyMinor: 10_000n, monthlyMinor: null });
  const answers = await atOnce(50, async (deps) => {
    const hold = await holdFunds({ ...deps, limitsOf }, withdrawalOf(who, 1_000n));
    return hold === 'conflict' ? hold : hold.refusal;
  });
  expect([count(answers, null), count(answers, 'daily_limit_exceeded')]).toEqual([10, 40]);
  expect(await ledger.wallet(who)).toMatchObject({ heldMinor: 10_000n, dayMinor: 10_000n, monthMinor: 10_000n });
});

test('M4: an operation runs at SERIALIZABLE isolation and keeps its wallet row locked until it ends', async () => {
  const who = await funded(10_000n);
  const probe = new pg.Client({ connectionString: ledger.ownerUrl });
  await probe.connect();
  const row = 'SELECT 1 FROM wallets WHERE user_id = $1 FOR UPDATE NOWAIT';
  const seen: unknown[] = [];
  const transact: LedgerDeps['transact'] = (work, options) =>
    ledger.deps.transact(async (tx) => {
      const result = await work(tx);
      const locked = await probe.query(row, [who.userId]).catch(({ code }: { code: string }) => code);
      seen.push(options?.isolation, locked);
      return result;
    }, options);
  await holdFunds({ ...ledger.deps, transact }, withdrawalOf(who, 1_000_000n));
  expect(seen, 'refused, so that the lock is not that of an update').toEqual(['serializable', '55P03']);
  expect((await probe.query(row, [who.userId])).rowCount).toBe(1);
  await probe.end();
});

test('M6 F1: the same hold 50 times at once on two instances → one decision, held once', async () => {
  const who = await funded(10_000n);
  const claim = withdrawalOf(who, 4_000n);
  const answers = await atOnce(50, (deps) => holdFunds(deps, claim));
  expect(answers.every((hold) => hold !== 'conflict' && hold.refusal === null)).toBe(true);
  expect(await ledger.wallet(who)).toMatchObject({ availableMinor: 6_000n, heldMinor: 4_000n });
});

test('M6: one transaction id held with two amounts at once → the first one wins, the other is a conflict', async () => {
  const who = await funded(10_000n);
  const claim = withdrawalOf(who, 4_000n);
  const answers = await atOnce(20, (deps, n) =>
    holdFunds(deps, { ...claim, amountMinor: n % 2 === 0 ? 4_000n : 5_000n }),
  );
  expect(count(answers, 'conflict')).toBe(10);
  const won = await ledger.hold(claim.transactionId);
  expect(await ledger.wallet(who)).toMatchObject({ heldMinor: won?.amountMinor });
});

test('M3 F7: post and void race 50 times → exactly one of them, and the other is refused or silent', async () => {
  const who = await funded(50_000n);
  const claims = Array.from({ length: 50 }, () => withdrawalOf(who, 1_000n));
  for (const claim of claims) await holdFunds(ledger.deps, claim);
  await Promise.all(
    claims.flatMap((claim, n) => {
      const [first, second] = n % 2 === 0 ? instances : instances.toReversed();
      const voidOrder = { ...claim, by: 'verdict', reason: 'failed' } as const;
      return [
        postHold(first ?? ledger.deps, claim, foreignId()),
        voidHold(second ?? ledger.deps, voidOrder, foreignId()),
      ];
    }),
  );
  for (const claim of claims) {
    const types = (await ledger.sent(claim.transactionId)).map(({ type }) => type);
    expect(types.filter((type) => /hold-(posted|voided)/.test(type))).toHaveLength(1);
    expect(count(types, 'wallet.posting-refused.v1')).toBe(1);
  }
  expect(await ledger.wallet(who)).toMatchObject({ heldMinor: 0n });
});

test('M6 F7: a hold and its void race → voided first or voided after, never left held', async () => {
  const who = await funded(50_000n);
  const claims = Array.from({ length: 50 }, () => withdrawalOf(who, 1_000n));
  await Promise.all(
    claims.flatMap((claim) => [
      holdFunds(instances[0], claim),
      voidHold(instances[1], { ...claim, by: 'request', reason: 'cancelled' }, foreignId()),
    ]),
  );
  expect(await ledger.wallet(who)).toMatchObject({ availableMinor: 50_000n, heldMinor: 0n });
});

test('M6 F8: the same purchase credited 50 times at once by 50 messages → one credit, told once', async () => {
  const deposit = depositOf(owner(), 700n);
  await atOnce(50, (deps) => creditDeposit(deps, deposit, foreignId()));
  expect(await ledger.wallet(deposit)).toMatchObject({ availableMinor: 700n });
  expect(await ledger.sent(deposit.transactionId)).toHaveLength(1);
});

test('M7 F7: credits and their reversals race, 50 pairs → every reversal is applied, none is left waiting', async () => {
  const who = owner();
  const deposits = Array.from({ length: 50 }, () => depositOf(who, 100n));
  await Promise.all(
    deposits.flatMap((deposit) => [
      creditDeposit(instances[0], deposit, foreignId()),
      reverseDeposit(instances[1], { ...deposit, paymentId: foreignId(), reversal: 'refund' }, foreignId()),
    ]),
  );
  for (const deposit of deposits) {
    const kinds = (await ledger.postings(deposit.transactionId)).map(({ kind }) => kind);
    expect(kinds).toEqual(['credit', 'reversal']);
  }
  expect(await ledger.wallet(who)).toMatchObject({ availableMinor: 0n, receivableMinor: 0n });
});

test('M4: 100 new wallets at once, on two instances → all are made', async () => {
  const deposits = Array.from({ length: 100 }, () => depositOf(owner(), 100n));
  await atOnce(100, (deps, n) => creditDeposit(deps, deposits[n] ?? depositOf(owner(), 1n), foreignId()));
  for (const deposit of deposits) expect(await ledger.wallet(deposit)).toMatchObject({ availableMinor: 100n });
});

const ways = [
  ['alone', {}],
  ['in batches', { batchMax: 64 }],
] as const;

test.each(ways)(
  'F6 F3: the answer to COMMIT is lost → the hold is found by its id, and held once, %s',
  async (_, way) => {
    const who = await funded(1_000n);
    const proxy = await tcpProxy(ledger.url);
    try {
      const deps = await ledger.another({ through: proxy.url, ...way });
      const lost = proxy.loseAnswerTo('COMMIT');
      const claim = withdrawalOf(who, 600n);
      expect(await holdFunds(deps, claim)).toMatchObject({ refusal: null });
      await lost;
      expect(await ledger.wallet(who)).toMatchObject({ availableMinor: 400n, heldMinor: 600n });

      const credited = proxy.loseAnswerTo('COMMIT');
      const deposit = depositOf(who, 50n);
      await creditDeposit(deps, deposit, foreignId());
      await credited;
      expect(await ledger.wallet(who)).toMatchObject({ availableMinor: 450n });
      expect(await ledger.sent(deposit.transactionId)).toHaveLength(1);
    } finally {
      proxy.cut();
      await proxy.close();
    }
  },
);

test.each(ways)('F6: COMMIT itself is lost before the database sees it → run again, held once, %s', async (_, way) => {
  const who = await funded(1_000n);
  const proxy = await tcpProxy(ledger.url);
  try {
    const deps = await ledger.another({ through: proxy.url, ...way });
    const lost = proxy.loseFromClient('COMMIT');
    expect(await holdFunds(deps, withdrawalOf(who, 600n))).toMatchObject({ refusal: null });
    await lost;
    expect(await ledger.wallet(who)).toMatchObject({ availableMinor: 400n, heldMinor: 600n });
  } finally {
    await proxy.close();
  }
});
