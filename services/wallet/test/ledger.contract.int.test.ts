import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { adjustFunds } from '../src/adjust-funds.ts';
import { creditDeposit } from '../src/credit-deposit.ts';
import { holdFunds } from '../src/hold-funds.ts';
import type { Claim } from '../src/ledger/ledger.ts';
import { postHold } from '../src/post-hold.ts';
import { returnPayout } from '../src/return-payout.ts';
import { reverseDeposit } from '../src/reverse-deposit.ts';
import { voidHold } from '../src/void-hold.ts';
import {
  adjustmentOf,
  depositOf,
  foreignId,
  memoryTestLedger,
  owner,
  postgresTestLedger,
  type TestLedger,
  withdrawalOf,
} from './ledgers.ts';

/** Both stores, and both ways of placing a hold, give the same answers, the same books and the same events to the same calls. */
describe.each([
  ['in memory', async () => memoryTestLedger()],
  ['on PostgreSQL', () => postgresTestLedger()],
  ['on PostgreSQL, holds in batches', () => postgresTestLedger({ batchMax: 64 })],
] as const)('the ledger %s', (_name, open) => {
  let ledger: TestLedger;
  beforeAll(async () => {
    ledger = await open();
  });
  afterEach(() => ledger.expectSound());
  afterAll(() => ledger.close());

  const message = foreignId;
  const funded = async (amountMinor: bigint) => {
    const who = owner();
    const deposit = depositOf(who, amountMinor);
    await creditDeposit(ledger.deps, deposit, message());
    return { who, deposit };
  };
  const balances = async (who: Claim | ReturnType<typeof owner>) => {
    const wallet = await ledger.wallet(who);
    return [wallet?.availableMinor, wallet?.heldMinor, wallet?.receivableMinor];
  };
  const typesOf = async (id: string) => (await ledger.sent(id)).map(({ type }) => type);
  const lastOf = async (id: string) => (await ledger.sent(id)).at(-1)?.data;
  const post = (claim: Claim) => postHold(ledger.deps, claim, message());
  const voidIt = (claim: Claim, by: 'request' | 'verdict' = 'request') =>
    voidHold(ledger.deps, { ...claim, by, reason: 'cancelled' }, message());
  const reversalOf = (deposit: ReturnType<typeof depositOf>, amountMinor: bigint) => ({
    ...deposit,
    amountMinor,
    paymentId: foreignId(),
    reversal: 'refund' as const,
  });

  test('M1: a credit makes the wallet, and is told once with its posting', async () => {
    const { who, deposit } = await funded(15_000n);
    expect(await balances(who)).toEqual([15_000n, 0n, 0n]);
    const [posting] = await ledger.postings(deposit.transactionId);
    expect(posting).toMatchObject({ kind: 'credit', sourceId: deposit.purchaseId, amountMinor: 15_000n });
    expect(await lastOf(deposit.transactionId)).toEqual({
      transaction_id: deposit.transactionId,
      user_id: who.userId,
      currency: 'ZAR',
      amount_minor: '15000',
      wallet_id: posting?.walletId,
      posting_id: posting?.id,
      purchase_id: deposit.purchaseId,
    });
  });

  test('M6: the same message twice, and the same purchase in another message → one credit', async () => {
    const deposit = depositOf(owner(), 500n);
    const id = message();
    await creditDeposit(ledger.deps, deposit, id);
    await creditDeposit(ledger.deps, deposit, id);
    await creditDeposit(ledger.deps, deposit, message());
    expect(await balances(deposit)).toEqual([500n, 0n, 0n]);
    expect(await typesOf(deposit.transactionId)).toEqual(['wallet.deposit-credited.v1']);
  });

  test('a credited purchase with another amount → refused, nothing moves', async () => {
    const { who, deposit } = await funded(500n);
    await creditDeposit(ledger.deps, { ...deposit, amountMinor: 600n }, message());
    expect(await balances(who)).toEqual([500n, 0n, 0n]);
    expect(await lastOf(deposit.transactionId)).toMatchObject({ kind: 'credit', reason: 'credit_mismatch' });
  });

  test('M2: a hold takes the amount from available at once; a repeat gets the same answer and holds nothing more', async () => {
    const { who } = await funded(1_000n);
    const claim = withdrawalOf(who, 600n);
    const first = await holdFunds(ledger.deps, claim);
    expect(first).toMatchObject({ refusal: null });
    expect(await holdFunds(ledger.deps, claim)).toEqual(first);
    expect(await balances(who)).toEqual([400n, 600n, 0n]);
    expect(await typesOf(claim.transactionId)).toEqual(['wallet.hold-placed.v1']);
  });

  test('M6: another amount, user or currency under a decided id → conflict, nothing moves', async () => {
    const { who } = await funded(1_000n);
    const claim = withdrawalOf(who, 600n);
    await holdFunds(ledger.deps, claim);
    expect(await holdFunds(ledger.deps, { ...claim, amountMinor: 601n })).toBe('conflict');
    expect(await holdFunds(ledger.deps, { ...claim, currency: 'USD' })).toBe('conflict');
    expect(await holdFunds(ledger.deps, { ...claim, ...owner() })).toBe('conflict');
    expect(await balances(who)).toEqual([400n, 600n, 0n]);
  });

  test('M6: a refused hold stays refused after a top-up, for ever', async () => {
    const { who } = await funded(100n);
    const claim = withdrawalOf(who, 600n);
    expect(await holdFunds(ledger.deps, claim)).toMatchObject({ refusal: 'insufficient_funds' });
    await creditDeposit(ledger.deps, depositOf(who, 10_000n), message());
    expect(await holdFunds(ledger.deps, claim)).toMatchObject({ refusal: 'insufficient_funds' });
    expect(await balances(who)).toEqual([10_100n, 0n, 0n]);
    expect(await typesOf(claim.transactionId)).toEqual([]);
  });

  test('a user who never paid in is refused, and has an empty wallet', async () => {
    const claim = withdrawalOf(owner(), 1n);
    expect(await holdFunds(ledger.deps, claim)).toMatchObject({ refusal: 'insufficient_funds' });
    expect(await balances(claim)).toEqual([0n, 0n, 0n]);
  });

  test('M11: a frozen wallet refuses holds, still takes deposits, and ends what is held', async () => {
    const { who } = await funded(1_000n);
    const before = withdrawalOf(who, 600n);
    await holdFunds(ledger.deps, before);
    await ledger.freeze(who);
    expect(await holdFunds(ledger.deps, withdrawalOf(who, 1n))).toMatchObject({ refusal: 'wallet_frozen' });
    await creditDeposit(ledger.deps, depositOf(who, 5n), message());
    await voidIt(before);
    expect(await balances(who)).toEqual([1_005n, 0n, 0n]);
  });

  test('M2: a post moves the held amount out, once, and is told once', async () => {
    const { who } = await funded(1_000n);
    const claim = withdrawalOf(who, 600n);
    await holdFunds(ledger.deps, claim);
    await post(claim);
    await post(claim);
    expect(await balances(who)).toEqual([400n, 0n, 0n]);
    expect(await typesOf(claim.transactionId)).toEqual(['wallet.hold-placed.v1', 'wallet.hold-posted.v1']);
    expect(await holdFunds(ledger.deps, claim)).toMatchObject({ refusal: null });
  });

  test('M3: a void gives the amount back, once, and is told once', async () => {
    const { who } = await funded(1_000n);
    const claim = withdrawalOf(who, 600n);
    await holdFunds(ledger.deps, claim);
    await voidIt(claim, 'verdict');
    await voidIt(claim);
    expect(await balances(who)).toEqual([1_000n, 0n, 0n]);
    expect(await typesOf(claim.transactionId)).toEqual(['wallet.hold-placed.v1', 'wallet.hold-voided.v1']);
    expect(await lastOf(claim.transactionId)).toMatchObject({ reason: 'cancelled', posting_id: expect.any(String) });
  });

  test('M3: post after void, and void after post → refused for a human to look at, nothing moves', async () => {
    const { who } = await funded(1_000n);
    const [voided, posted] = [withdrawalOf(who, 600n), withdrawalOf(who, 100n)];
    for (const claim of [voided, posted]) await holdFunds(ledger.deps, claim);
    await voidIt(voided);
    await post(voided);
    await post(posted);
    await voidIt(posted, 'verdict');
    expect(await balances(who)).toEqual([900n, 0n, 0n]);
    expect(await lastOf(voided.transactionId)).toMatchObject({ kind: 'post', reason: 'already_voided' });
    expect(await lastOf(posted.transactionId)).toMatchObject({ kind: 'void', reason: 'already_posted' });
  });

  test('M6: a void before its hold is remembered: the hold is refused as voided', async () => {
    const { who } = await funded(1_000n);
    const claim = withdrawalOf(who, 600n);
    await voidIt(claim);
    await voidIt(claim);
    expect(await holdFunds(ledger.deps, claim)).toMatchObject({ refusal: 'voided' });
    expect(await balances(who)).toEqual([1_000n, 0n, 0n]);
    const [told, ...more] = await ledger.sent(claim.transactionId);
    expect(told).toMatchObject({ type: 'wallet.hold-voided.v1', data: { wallet_id: null, posting_id: null } });
    expect(more).toEqual([]);
  });

  test('a void of a refused hold is told once, and the refusal stays what it was', async () => {
    const claim = withdrawalOf(owner(), 600n);
    await holdFunds(ledger.deps, claim);
    await voidIt(claim);
    await voidIt(claim);
    expect(await ledger.hold(claim.transactionId)).toMatchObject({ refusal: 'insufficient_funds', settlement: 'void' });
    expect(await typesOf(claim.transactionId)).toEqual(['wallet.hold-voided.v1']);
  });

  test.each(['post', 'void'] as const)(
    'a %s verdict about an unknown hold → refused for a human to look at',
    async (kind) => {
      const claim = withdrawalOf(owner(), 600n);
      await (kind === 'post' ? post(claim) : voidIt(claim, 'verdict'));
      expect(await lastOf(claim.transactionId)).toMatchObject({
        kind,
        source_id: claim.transactionId,
        reason: 'hold_unknown',
      });
      expect(await ledger.hold(claim.transactionId)).toBeUndefined();
    },
  );

  test('M6: the same message about what is refused twice → told once', async () => {
    const claim = withdrawalOf(owner(), 600n);
    const id = message();
    for (let delivery = 1; delivery <= 2; delivery++) await postHold(ledger.deps, claim, id);
    expect(await typesOf(claim.transactionId)).toEqual(['wallet.posting-refused.v1']);
  });

  test('M7: a reversal takes the credit back; what was spent becomes a debt, which the next credit repays', async () => {
    const { who, deposit } = await funded(1_000n);
    const spent = withdrawalOf(who, 600n);
    await holdFunds(ledger.deps, spent);
    await post(spent);
    const reversal = reversalOf(deposit, 1_000n);
    await reverseDeposit(ledger.deps, reversal, message());
    await reverseDeposit(ledger.deps, reversal, message());
    expect(await balances(who)).toEqual([0n, 0n, -600n]);
    expect(await lastOf(deposit.transactionId)).toMatchObject({
      payment_id: reversal.paymentId,
      purchase_id: deposit.purchaseId,
      reversal: 'refund',
      amount_minor: '1000',
      receivable_minor: '600',
    });
    expect(await typesOf(deposit.transactionId)).toEqual(['wallet.deposit-credited.v1', 'wallet.deposit-reversed.v1']);
    await creditDeposit(ledger.deps, depositOf(who, 250n), message());
    expect(await balances(who)).toEqual([0n, 0n, -350n]);
    await creditDeposit(ledger.deps, depositOf(who, 400n), message());
    expect(await balances(who)).toEqual([50n, 0n, 0n]);
  });

  test('M7: while a wallet is in debt nothing is held of it; a void and a returned payout repay it first', async () => {
    const { who, deposit } = await funded(1_000n);
    const [cancelled, paidOut] = [withdrawalOf(who, 400n), withdrawalOf(who, 600n)];
    for (const claim of [cancelled, paidOut]) await holdFunds(ledger.deps, claim);
    await post(paidOut);
    await reverseDeposit(ledger.deps, reversalOf(deposit, 900n), message());
    expect(await balances(who)).toEqual([0n, 400n, -900n]);
    const refused = withdrawalOf(who, 1n);
    expect(await holdFunds(ledger.deps, refused)).toMatchObject({ refusal: 'wallet_in_debt' });
    await voidIt(cancelled);
    expect(await balances(who)).toEqual([0n, 0n, -500n]);
    await returnPayout(ledger.deps, { ...paidOut, payoutId: foreignId() }, message());
    expect(await balances(who)).toEqual([100n, 0n, 0n]);
    expect(await holdFunds(ledger.deps, refused), 'the first decision is final').toMatchObject({
      refusal: 'wallet_in_debt',
    });
    expect(await holdFunds(ledger.deps, withdrawalOf(who, 100n))).toMatchObject({ refusal: null });
  });

  test('M7: reversals of one purchase never exceed its credit', async () => {
    const { who, deposit } = await funded(1_000n);
    await reverseDeposit(ledger.deps, reversalOf(deposit, 700n), message());
    await reverseDeposit(ledger.deps, reversalOf(deposit, 400n), message());
    expect(await lastOf(deposit.transactionId)).toMatchObject({ kind: 'reversal', reason: 'exceeds_credit' });
    await reverseDeposit(ledger.deps, reversalOf(deposit, 300n), message());
    expect(await balances(who)).toEqual([0n, 0n, 0n]);
  });

  test('M7: a reversal before its credit waits, and is applied with it; one too many is refused then', async () => {
    const deposit = depositOf(owner(), 1_000n);
    const [first, second] = [reversalOf(deposit, 800n), reversalOf(deposit, 300n)];
    await reverseDeposit(ledger.deps, first, message());
    await reverseDeposit(ledger.deps, first, message());
    await reverseDeposit(ledger.deps, second, message());
    expect(await typesOf(deposit.transactionId)).toEqual([]);
    await creditDeposit(ledger.deps, deposit, message());
    expect(await typesOf(deposit.transactionId)).toEqual([
      'wallet.deposit-credited.v1',
      'wallet.deposit-reversed.v1',
      'wallet.posting-refused.v1',
    ]);
    expect(await balances(deposit)).toEqual([200n, 0n, 0n]);
  });

  test('a payout that came back is available again, once, and only as that payout', async () => {
    const { who } = await funded(1_000n);
    const claim = withdrawalOf(who, 600n);
    await holdFunds(ledger.deps, claim);
    await post(claim);
    const payout = { ...claim, payoutId: foreignId() };
    await returnPayout(ledger.deps, payout, message());
    await returnPayout(ledger.deps, payout, message());
    expect(await balances(who)).toEqual([1_000n, 0n, 0n]);
    await returnPayout(ledger.deps, { ...claim, payoutId: foreignId() }, message());
    expect(await balances(who)).toEqual([1_000n, 0n, 0n]);
    expect(await typesOf(claim.transactionId)).toEqual([
      'wallet.hold-placed.v1',
      'wallet.hold-posted.v1',
      'wallet.payout-returned.v1',
      'wallet.posting-refused.v1',
    ]);
  });

  test('a return before its post waits for it; a void instead makes it a refusal', async () => {
    const { who } = await funded(1_000n);
    const [posted, voided] = [withdrawalOf(who, 600n), withdrawalOf(who, 100n)];
    for (const claim of [posted, voided]) {
      await holdFunds(ledger.deps, claim);
      await returnPayout(ledger.deps, { ...claim, payoutId: foreignId() }, message());
    }
    expect(await balances(who)).toEqual([300n, 700n, 0n]);
    await post(posted);
    await voidIt(voided);
    expect(await balances(who)).toEqual([1_000n, 0n, 0n]);
    expect((await typesOf(posted.transactionId)).at(-1)).toBe('wallet.payout-returned.v1');
    expect(await lastOf(voided.transactionId)).toMatchObject({ kind: 'payout-return', reason: 'already_voided' });
  });

  test('R4 M6: an adjustment is posted once, and a debt is repaid from it first', async () => {
    const { who, deposit } = await funded(1_000n);
    await holdFunds(ledger.deps, withdrawalOf(who, 1_000n));
    await reverseDeposit(ledger.deps, reversalOf(deposit, 300n), message());
    const adjustment = adjustmentOf(who, 500n, 'credit');
    const id = message();
    for (const each of [id, id, message()]) await adjustFunds(ledger.deps, adjustment, each);
    expect(await balances(who)).toEqual([200n, 1_000n, 0n]);
    expect(await typesOf(adjustment.transactionId)).toEqual(['wallet.adjusted.v1']);
    expect(await lastOf(adjustment.transactionId)).toMatchObject({ amount_minor: '500', direction: 'credit' });
    await adjustFunds(ledger.deps, { ...adjustment, amountMinor: 501n }, message());
    expect(await lastOf(adjustment.transactionId)).toMatchObject({ reason: 'adjustment_mismatch' });
    expect(await balances(who)).toEqual([200n, 1_000n, 0n]);
  });

  test('R4 I3: an adjustment takes what is available, also of a frozen wallet, and is refused beyond it', async () => {
    const { who } = await funded(1_000n);
    await ledger.freeze(who);
    const [fits, exceeds] = [adjustmentOf(who, 800n, 'debit'), adjustmentOf(who, 201n, 'debit')];
    await adjustFunds(ledger.deps, fits, message());
    await adjustFunds(ledger.deps, exceeds, message());
    expect(await balances(who)).toEqual([200n, 0n, 0n]);
    expect(await lastOf(exceeds.transactionId)).toMatchObject({ kind: 'adjustment', reason: 'insufficient_funds' });
    expect(await ledger.postings(exceeds.transactionId)).toEqual([]);
  });

  test('an operation that fails half-way leaves nothing behind, and can be done again', async () => {
    const deposit = depositOf(owner(), 500n);
    const id = message();
    const crash = new Error('killed before COMMIT');
    const transact: typeof ledger.deps.transact = (work, options) =>
      ledger.deps.transact(async (tx) => {
        await work(tx);
        throw crash;
      }, options);
    await expect(creditDeposit({ ...ledger.deps, transact }, deposit, id)).rejects.toBe(crash);
    expect(await ledger.wallet(deposit)).toBeUndefined();
    await creditDeposit(ledger.deps, deposit, id);
    expect(await balances(deposit)).toEqual([500n, 0n, 0n]);
  });
});
