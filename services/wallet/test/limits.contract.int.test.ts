import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { creditDeposit } from '../src/credit-deposit.ts';
import { holdFunds } from '../src/hold-funds.ts';
import type { LedgerDeps } from '../src/in-wallet.ts';
import type { Claim, Hold } from '../src/ledger/ledger.ts';
import type { Limits } from '../src/ledger/limits.ts';
import { postHold } from '../src/post-hold.ts';
import { voidHold } from '../src/void-hold.ts';
import {
  depositOf,
  foreignId,
  memoryTestLedger,
  owner,
  postgresTestLedger,
  type TestLedger,
  withdrawalOf,
} from './ledgers.ts';

/** A moment in South Africa. */
const on = (local: string) => new Date(`${local}+02:00`);

describe.each([
  ['in memory', async () => memoryTestLedger()],
  ['on PostgreSQL', postgresTestLedger],
] as const)('withdrawal limits %s', (_name, open) => {
  let ledger: TestLedger;
  let deps: LedgerDeps;
  let now: Date;
  let limits: Limits;
  beforeAll(async () => {
    ledger = await open();
    deps = { ...ledger.deps, clock: { now: () => now }, limitsOf: () => limits };
  });
  afterEach(() => ledger.expectSound());
  afterAll(() => ledger.close());

  const funded = async (amountMinor: bigint) => {
    const who = owner();
    await creditDeposit(deps, { ...depositOf(who, amountMinor) }, foreignId());
    return who;
  };
  const decided = async (claim: Claim): Promise<Hold> => {
    const hold = await holdFunds(deps, claim);
    if (hold === 'conflict') throw new Error('conflict');
    return hold;
  };
  const hold = (who: ReturnType<typeof owner>, amountMinor: bigint) => decided(withdrawalOf(who, amountMinor));
  const turnBack = (claim: Claim) => voidHold(deps, { ...claim, by: 'request', reason: 'cancelled' }, foreignId());
  const counters = async (who: ReturnType<typeof owner>) => {
    const wallet = await ledger.wallet(who);
    return [wallet?.countedOn, wallet?.dayMinor, wallet?.monthMinor];
  };

  test('M9: the day’s limit refuses what would pass it, names it, and holds nothing; tomorrow it begins anew', async () => {
    now = on('2026-03-10T12:00:00');
    limits = { dailyMinor: 1_000n, monthlyMinor: 1_500n };
    const who = await funded(10_000n);
    expect(await hold(who, 700n)).toMatchObject({ refusal: null, countedOn: '2026-03-10' });
    expect(await hold(who, 301n)).toMatchObject({
      ...{ refusal: 'daily_limit_exceeded', limitMinor: 1_000n, leftMinor: 300n, countedOn: '2026-03-10' },
    });
    expect(await hold(who, 300n)).toMatchObject({ refusal: null });
    expect(await ledger.wallet(who)).toMatchObject({ availableMinor: 9_000n, heldMinor: 1_000n });
    now = on('2026-03-11T00:00:00');
    expect(await hold(who, 501n)).toMatchObject({
      refusal: 'monthly_limit_exceeded',
      limitMinor: 1_500n,
      leftMinor: 500n,
    });
    expect(await hold(who, 500n)).toMatchObject({ refusal: null });
    now = on('2026-04-01T00:00:00');
    expect(await hold(who, 1_000n)).toMatchObject({ refusal: null });
    expect(await counters(who)).toEqual(['2026-04-01', 1_000n, 1_000n]);
  });

  test('M9 M6: the first decision stands: a repeat on another day, under other limits, gets the same words', async () => {
    now = on('2026-03-10T12:00:00');
    limits = { dailyMinor: 100n, monthlyMinor: null };
    const who = await funded(10_000n);
    const claim = withdrawalOf(who, 101n);
    const first = await decided(claim);
    expect(first).toMatchObject({ refusal: 'daily_limit_exceeded', limitMinor: 100n, leftMinor: 100n });
    now = on('2026-03-12T12:00:00');
    limits = { dailyMinor: null, monthlyMinor: null };
    expect(await decided(claim)).toEqual(first);
    await turnBack(claim);
    expect(await ledger.hold(claim.transactionId)).toMatchObject({
      refusal: 'daily_limit_exceeded',
      settlement: 'void',
    });
  });

  test('M9: a void gives back to the day and month that counted it: at once, on a later day, in a later month', async () => {
    limits = { dailyMinor: 1_000n, monthlyMinor: 1_000n };
    now = on('2026-03-10T12:00:00');
    const who = await funded(10_000n);
    const [first, second] = [withdrawalOf(who, 600n), withdrawalOf(who, 400n)];
    for (const claim of [first, second]) await decided(claim);
    await turnBack(first);
    expect(await counters(who)).toEqual(['2026-03-10', 400n, 400n]);
    now = on('2026-03-11T09:00:00');
    expect(await hold(who, 500n)).toMatchObject({ refusal: null });
    await turnBack(second);
    expect(await counters(who), 'yesterday’s hold leaves today’s count as it is').toEqual(['2026-03-11', 500n, 500n]);
    now = on('2026-04-02T09:00:00');
    const april = withdrawalOf(who, 50n);
    await decided(april);
    await turnBack(april);
    expect(await counters(who)).toEqual(['2026-04-02', 0n, 0n]);
  });

  test('M9: what was paid out stays counted', async () => {
    limits = { dailyMinor: 1_000n, monthlyMinor: null };
    now = on('2026-03-10T12:00:00');
    const who = await funded(10_000n);
    const claim = withdrawalOf(who, 1_000n);
    await decided(claim);
    await postHold(deps, claim, foreignId());
    expect(await hold(who, 1n)).toMatchObject({ refusal: 'daily_limit_exceeded', leftMinor: 0n });
  });

  test('M9: too little money is said before a limit is, and counts nothing', async () => {
    limits = { dailyMinor: 100n, monthlyMinor: null };
    now = on('2026-03-10T12:00:00');
    const who = await funded(50n);
    expect(await hold(who, 101n)).toMatchObject({ refusal: 'insufficient_funds', limitMinor: null, countedOn: null });
    expect(await counters(who)).toEqual([null, 0n, 0n]);
  });

  test('M9: fifty holds at once never pass a limit', async () => {
    limits = { dailyMinor: 1_000n, monthlyMinor: null };
    now = on('2026-03-10T12:00:00');
    const who = await funded(100_000n);
    const holds = await Promise.all(Array.from({ length: 50 }, () => hold(who, 100n)));
    expect(holds.filter(({ refusal }) => refusal === null)).toHaveLength(10);
    expect(holds.filter(({ refusal }) => refusal === 'daily_limit_exceeded')).toHaveLength(40);
    expect(await counters(who)).toEqual(['2026-03-10', 1_000n, 1_000n]);
  });

  test('M9: whatever is held, posted and voided over days, the counters are the holds that still stand', async () => {
    limits = { dailyMinor: 400n, monthlyMinor: 900n };
    const step = fc.record({
      hours: fc.nat(40),
      amount: fc.constantFrom(50n, 100n, 250n),
      after: fc.constantFrom('nothing', 'void', 'post', 'void-earlier'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
        now = on('2026-03-25T08:00:00');
        const who = await funded(1_000_000n);
        const claims: Claim[] = [];
        for (const { hours, amount, after } of steps) {
          now = new Date(now.getTime() + hours * 3_600_000);
          const claim = withdrawalOf(who, amount);
          claims.push(claim);
          await decided(claim);
          const turned = after === 'void' ? claim : after === 'void-earlier' ? claims[0] : undefined;
          if (turned !== undefined) await turnBack(turned);
          if (after === 'post') await postHold(deps, claim, foreignId());
        }
        const found = await Promise.all(claims.map(({ transactionId }) => ledger.hold(transactionId)));
        const standing = found.filter((each) => each?.refusal === null && each.settlement !== 'void');
        const [day, ...counted] = await counters(who);
        const sum = (length: number) =>
          standing
            .filter((each) => each?.countedOn?.slice(0, length) === String(day).slice(0, length))
            .reduce((total, each) => total + (each?.amountMinor ?? 0n), 0n);
        expect(counted).toEqual([sum(10), sum(7)]);
        expect(counted[0]).toBeLessThanOrEqual(400n);
        expect(counted[1]).toBeLessThanOrEqual(900n);
      }),
      { numRuns: 25 },
    );
  });
});
