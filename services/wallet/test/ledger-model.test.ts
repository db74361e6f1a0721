import fc from 'fast-check';
import { expect, test } from 'vitest';
import { adjustFunds } from '../src/adjust-funds.ts';
import { creditDeposit } from '../src/credit-deposit.ts';
import { holdFunds } from '../src/hold-funds.ts';
import type { Owner } from '../src/ledger/ledger.ts';
import { postHold } from '../src/post-hold.ts';
import { returnPayout } from '../src/return-payout.ts';
import { reverseDeposit } from '../src/reverse-deposit.ts';
import { voidHold } from '../src/void-hold.ts';
import { adjustmentOf, depositOf, memoryTestLedger, owner, type TestLedger, withdrawalOf } from './ledgers.ts';

/** Few of everything, so that steps meet: the same deposit credited and reversed, the same withdrawal held, posted, voided, returned. */
const depositsCount = 3;
const withdrawalsCount = 4;
const stepsMax = 60;
/** Of all lengths up to that: by its own measure fast-check stays below ten, and nothing was ever voided in debt. */
const runs = 500;

const amounts = fc.constantFrom(100n, 250n, 1_000n);
const deposit = fc.nat(depositsCount - 1);
const withdrawal = fc.nat(withdrawalsCount - 1);
/** Seldom the wrong amount: then the claim is not the one that the books know. */
const off = fc.constantFrom(0n, 0n, 0n, 0n, 1n);

const step = fc.oneof(
  fc.record({ does: fc.constant('credit' as const), n: deposit, off }),
  fc.record({ does: fc.constant('reverse' as const), n: deposit, off, payment: fc.nat(2), amountMinor: amounts }),
  fc.record({
    does: fc.constant('adjust' as const),
    n: fc.constant(0),
    direction: fc.constantFrom('credit' as const, 'debit' as const),
    amountMinor: amounts,
  }),
  fc.record({ does: fc.constant('hold' as const), n: withdrawal, off }),
  fc.record({ does: fc.constant('post' as const), n: withdrawal, off }),
  fc.record({
    does: fc.constant('void' as const),
    n: withdrawal,
    off,
    by: fc.constantFrom('request' as const, 'verdict' as const),
  }),
  fc.record({ does: fc.constant('return' as const), n: withdrawal, off, payout: fc.nat(1) }),
  // Days and months pass, and a replica whose clock is behind is next.
  fc.record({ does: fc.constant('pass' as const), n: fc.constant(0), hours: fc.constantFrom(-3, 5, 30, 800) }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const pick = <Thing>(things: readonly Thing[], n: number): Thing => {
  const thing = things[n];
  if (thing === undefined) throw new RangeError(`${n}`);
  return thing;
};

/** Low enough to be met now and then. */
const limits = { dailyMinor: 1_250n, monthlyMinor: 1_500n };

async function run(given: TestLedger, steps: readonly Step[], sizes: { deposits: bigint[]; withdrawals: bigint[] }) {
  let now = new Date('2026-01-30T20:00:00.000Z');
  const ledger = { deps: { ...given.deps, clock: { now: () => now }, limitsOf: () => limits } };
  const who = owner();
  const deposits = sizes.deposits.map((size) => depositOf(who, size));
  const withdrawals = sizes.withdrawals.map((size) => withdrawalOf(who, size));
  let messages = 0;
  for (const each of steps) {
    const message = `message-${messages++}`;
    await expectNoMoneyBesideDebt(given, who);
    if (each.does === 'pass') {
      now = new Date(now.getTime() + each.hours * 3_600_000);
      continue;
    }
    if (each.does === 'adjust') {
      await adjustFunds(ledger.deps, adjustmentOf(who, each.amountMinor, each.direction), message);
      continue;
    }
    if (each.does === 'credit' || each.does === 'reverse') {
      const it = pick(deposits, each.n);
      const amountMinor = it.amountMinor + each.off;
      if (each.does === 'credit') await creditDeposit(ledger.deps, { ...it, amountMinor }, message);
      else {
        const paymentId = `${it.purchaseId}-${each.payment}`;
        const reversal = { ...it, amountMinor: each.amountMinor, paymentId, reversal: 'refund' as const };
        await reverseDeposit(ledger.deps, reversal, message);
      }
      continue;
    }
    const it = pick(withdrawals, each.n);
    const claim = { ...it, amountMinor: it.amountMinor + each.off };
    if (each.does === 'hold') await holdFunds(ledger.deps, claim);
    else if (each.does === 'post') await postHold(ledger.deps, claim, message);
    else if (each.does === 'void') await voidHold(ledger.deps, { ...claim, by: each.by, reason: 'test' }, message);
    else await returnPayout(ledger.deps, { ...claim, payoutId: `payout-${each.payout}` }, message);
  }
  return { who, deposits, withdrawals };
}

test('I1 I2 I3 I4 I5 M9: whatever is asked for in whatever order, the books are sound and each fact is told once', async () => {
  const sizes = fc.record({
    deposits: fc.array(amounts, { minLength: depositsCount, maxLength: depositsCount }),
    withdrawals: fc.array(amounts, { minLength: withdrawalsCount, maxLength: withdrawalsCount }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: stepsMax, size: 'max' }), sizes, async (steps, given) => {
      const ledger = memoryTestLedger();
      const { who, deposits, withdrawals } = await run(ledger, steps, given);
      await ledger.expectSound();
      await expectCounted(ledger, who, withdrawals);
      for (const { transactionId, amountMinor } of withdrawals) await expectOneEnd(ledger, transactionId, amountMinor);
      for (const { transactionId } of deposits) await expectReversedAtMost(ledger, transactionId);
    }),
    { numRuns: runs },
  );
});

/** M9: the counters are the holds of that day and month that were not voided, and never above their limits. */
async function expectCounted(
  ledger: TestLedger,
  who: ReturnType<typeof owner>,
  withdrawals: readonly { transactionId: string }[],
): Promise<void> {
  const wallet = await ledger.wallet(who);
  const holds = await Promise.all(withdrawals.map(({ transactionId }) => ledger.hold(transactionId)));
  const countedIn = (length: number) =>
    holds
      .filter((hold) => hold?.refusal === null && hold.settlement !== 'void')
      .filter((hold) => hold?.countedOn?.slice(0, length) === wallet?.countedOn?.slice(0, length))
      .reduce((total, hold) => total + (hold?.amountMinor ?? 0n), 0n);
  const counted = [wallet?.dayMinor ?? 0n, wallet?.monthMinor ?? 0n];
  expect(counted).toEqual([countedIn(10), countedIn(7)]);
  expect(counted[0]).toBeLessThanOrEqual(limits.dailyMinor);
  expect(counted[1]).toBeLessThanOrEqual(limits.monthlyMinor);
}

/** M7, at every moment: a later step would mend what an earlier one left. */
async function expectNoMoneyBesideDebt(ledger: TestLedger, who: Owner): Promise<void> {
  const { availableMinor = 0n, receivableMinor = 0n } = (await ledger.wallet(who)) ?? {};
  expect(availableMinor === 0n || receivableMinor === 0n, `${availableMinor} beside ${receivableMinor}`).toBe(true);
}

/** I4: a hold is placed once and ends once; each posting is told by exactly one fact. */
async function expectOneEnd(ledger: TestLedger, transactionId: string, amountMinor: bigint): Promise<void> {
  const kinds = (await ledger.postings(transactionId)).map((posting) => posting.settlement ?? posting.kind);
  const allowed = [[], ['hold'], ['hold', 'post'], ['hold', 'void'], ['hold', 'post', 'payout-return']];
  expect(allowed).toContainEqual(kinds);
  const facts = (await ledger.sent(transactionId)).filter(({ type }) => type !== 'wallet.posting-refused.v1');
  const moved = facts.filter(({ data }) => (data as { posting_id?: unknown }).posting_id !== null);
  expect(moved).toHaveLength(kinds.length);
  expect(facts.length - moved.length, 'tombstones').toBeLessThanOrEqual(1);
  const hold = await ledger.hold(transactionId);
  if (kinds.length > 0) expect(hold).toMatchObject({ refusal: null });
  expect(hold?.settlement ?? null).toBe(kinds[1] ?? (facts.length > moved.length ? 'void' : null));
  if (hold !== undefined) expect(hold.amountMinor - amountMinor).toBeLessThanOrEqual(1n);
}

async function expectReversedAtMost(ledger: TestLedger, transactionId: string): Promise<void> {
  const postings = await ledger.postings(transactionId);
  const total = (kind: string) =>
    postings.filter((posting) => posting.kind === kind).reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
  expect(postings.filter(({ kind }) => kind === 'credit').length).toBeLessThanOrEqual(1);
  expect(total('reversal')).toBeLessThanOrEqual(total('credit'));
}
