import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { constraintOf } from '#libs/db';
import { newId, newUuid } from '#libs/runtime';
import type { Step, Transaction } from '../src/transaction/transaction.ts';
import type { PreparedPayout } from '../src/withdrawal/payout-store.ts';
import { at, memoryStores, newDeposit, newWithdrawal, postgresStores, type Stores } from './stores.ts';

/** Both implementations of every store give the same answers to the same calls. */
describe.each([
  ['in memory', async () => memoryStores()],
  ['on PostgreSQL', postgresStores],
] as const)('the stores %s', (_name, open) => {
  let stores: Stores;
  beforeAll(async () => {
    stores = await open();
  });
  afterAll(() => stores?.close());

  const insert = async (transaction: Transaction): Promise<Transaction> => {
    await stores.transact((tx) => tx.insertTransaction(transaction));
    return transaction;
  };
  const find = (id: string) => stores.transact((tx) => tx.findTransaction(id));
  const timeline = (id: string) => stores.transact((tx) => tx.readTimeline(id));

  test('a transaction comes back as it was stored, with its first timeline entry', async () => {
    const deposit = await insert(newDeposit());
    expect(await find(deposit.id)).toEqual(deposit);
    expect(await stores.transact((tx) => tx.lockTransaction(deposit.id))).toEqual(deposit);
    expect(await timeline(deposit.id)).toEqual([{ status: 'pending', reason: null, at: at(0) }]);
    expect(await find(newId('dep'))).toBeUndefined();
  });

  test('what throws leaves nothing behind', async () => {
    const deposit = newDeposit();
    const work = stores.transact(async (tx) => {
      await tx.insertTransaction(deposit);
      throw new Error('stop');
    });
    await expect(work).rejects.toThrow('stop');
    expect(await find(deposit.id)).toBeUndefined();
    expect(await timeline(deposit.id)).toEqual([]);
  });

  test('a move tells the timeline and leaves nothing to the workers', async () => {
    const { id } = await insert(newDeposit());
    await stores.transact((tx) => tx.moveTransaction(id, { status: 'failed', reason: 'no_card', at: at(5) }));
    const moved = {
      status: 'failed',
      reason: 'no_card',
      updatedAt: at(5),
      nextStep: null,
      leasedUntil: null,
      attempts: 0,
    };
    expect(await find(id)).toMatchObject(moved);
    expect((await timeline(id))[1]).toEqual({ status: 'failed', reason: 'no_card', at: at(5) });
  });

  test('the first purchase stays', async () => {
    const { id } = await insert(newDeposit());
    const attach = () =>
      stores.transact((tx) =>
        tx.attachPurchase(id, { purchaseId: newUuid(), checkoutUrl: 'https://x/', dueAt: at(9) }, at(1)),
      );
    const first = await attach();
    expect(await find(id)).toEqual(first);
    expect(first).toMatchObject({ checkoutUrl: 'https://x/', dueAt: at(9), nextStep: null, leasedUntil: null });
    expect(await attach()).toBeUndefined();
    expect(await find(id)).toEqual(first);
  });

  test('a deposit that ended takes no purchase', async () => {
    const { id } = await insert(newDeposit({ status: 'failed', nextStep: null, leasedUntil: null }));
    const purchase = { purchaseId: newUuid(), checkoutUrl: 'https://x/', dueAt: at(9) };
    expect(await stores.transact((tx) => tx.attachPurchase(id, purchase, at(1)))).toBeUndefined();
  });

  test('M1: a reversal is made once per source', async () => {
    const sourceId = newUuid();
    const reversal = (): Transaction =>
      newDeposit({
        id: newId('rev'),
        kind: 'reversal',
        status: 'completed',
        nextStep: null,
        leasedUntil: null,
        reversalOf: newId('dep'),
        reversal: 'refund',
        sourceId,
      });
    const [one, other] = [reversal(), reversal()];
    expect(await stores.transact((tx) => tx.insertReversal(one))).toBe(true);
    expect(await stores.transact((tx) => tx.insertReversal(other))).toBe(false);
    expect(await find(one.id)).toEqual(one);
    expect(await find(other.id)).toBeUndefined();
    expect(await timeline(other.id)).toEqual([]);
  });

  describe('intent and void', () => {
    const reserved = async (): Promise<Transaction> => {
      const withdrawal = await insert(newWithdrawal());
      await stores.transact(async (tx) => {
        await tx.markReserved(withdrawal.id, at(1));
        await tx.attachPayout(withdrawal.id, 'payout-1', at(1));
      });
      return withdrawal;
    };
    const intend = (id: string, payoutId = 'payout-1') => stores.transact((tx) => tx.recordIntent(id, payoutId, at(2)));
    const cancel = (id: string) => stores.transact((tx) => tx.requestVoid(id, 'cancelled_by_user', at(2)));

    test('a reserved withdrawal is due for its payout at once', async () => {
      const { id } = await reserved();
      expect(await find(id)).toMatchObject({
        status: 'pending',
        reservedAt: at(1),
        nextStep: 'submit_payout',
        leasedUntil: at(1),
        payoutId: 'payout-1',
      });
    });

    test('the intent is recorded once, and then nothing is voided', async () => {
      const { id } = await reserved();
      expect(await intend(id)).toBe(true);
      expect(await intend(id)).toBe(false);
      expect(await cancel(id)).toBeUndefined();
      expect(await find(id)).toMatchObject({ status: 'processing', executeSentAt: at(2), nextStep: null });
      expect((await timeline(id)).map(({ status }) => status)).toEqual(['pending', 'processing']);
    });

    test('the intent is for the payout that was attached, and for no other', async () => {
      const { id } = await reserved();
      expect(await intend(id, 'payout-0')).toBe(false);
    });

    test('after the void nothing is intended, and nothing is left to the workers', async () => {
      const { id } = await reserved();
      const voided = { status: 'voiding', reason: 'cancelled_by_user', nextStep: null, leasedUntil: null };
      expect(await cancel(id)).toMatchObject(voided);
      expect(await intend(id)).toBe(false);
      expect(await cancel(id)).toBeUndefined();
      expect(await find(id)).toMatchObject({ ...voided, executeSentAt: null });
    });

    test('a void before the wallet decided leaves the question to the workers', async () => {
      const { id } = await insert(newWithdrawal());
      expect(await cancel(id)).toMatchObject({ status: 'voiding', nextStep: 'place_hold', leasedUntil: at(1_000) });
    });

    test('a deposit cannot be voided', async () => {
      const { id } = await insert(newDeposit());
      expect(await cancel(id)).toBeUndefined();
    });
  });

  describe('leases', () => {
    test('what is due is leased once, oldest first, and only for its step', async () => {
      const late = await insert(newDeposit({ leasedUntil: at(20) }));
      const early = await insert(newDeposit({ leasedUntil: at(10) }));
      await insert(newDeposit({ leasedUntil: at(500) }));
      const lease = (limit: number) => stores.transact((tx) => tx.leaseDue('create_purchase', at(100), at(200), limit));
      expect(await lease(1)).toMatchObject([{ id: early.id, leasedUntil: at(200), attempts: 2 }]);
      expect((await lease(9)).map(({ id }) => id)).toEqual([late.id]);
      expect(await lease(9)).toEqual([]);
      expect(await stores.transact((tx) => tx.leaseDue('place_hold', at(100), at(200), 9))).toEqual([]);
    });

    test('one transaction is leased only when nobody has it', async () => {
      const { id } = await insert(newWithdrawal({ leasedUntil: at(10) }));
      const lease = (now: number, step: Step = 'place_hold') =>
        stores.transact((tx) => tx.leaseOne(id, step, at(now), at(now + 100)));
      expect(await lease(10, 'submit_payout')).toBeUndefined();
      expect(await lease(9)).toBeUndefined();
      expect(await lease(10)).toMatchObject({ id, leasedUntil: at(110), attempts: 2 });
      expect(await lease(11)).toBeUndefined();
    });

    test('a step is postponed or finished only while it is there', async () => {
      const { id } = await insert(newWithdrawal());
      await stores.transact((tx) => tx.postpone(id, 'place_hold', at(5)));
      expect(await find(id)).toMatchObject({ nextStep: 'place_hold', leasedUntil: at(5) });
      await stores.transact((tx) => tx.postpone(id, 'submit_payout', at(6)));
      await stores.transact((tx) => tx.finishStep(id, 'submit_payout'));
      expect(await find(id)).toMatchObject({ nextStep: 'place_hold', leasedUntil: at(5) });
      await stores.transact((tx) => tx.finishStep(id, 'place_hold'));
      await stores.transact((tx) => tx.postpone(id, 'place_hold', at(6)));
      expect(await find(id)).toMatchObject({ nextStep: null, leasedUntil: null, attempts: 0 });
    });
  });

  test('M6: a key is claimed by the first, and keeps the first answer', async () => {
    const { id: transactionId, userId } = await insert(newDeposit());
    const claim = { userId, key: 'k', inputHash: 'h', transactionId, answer: null, createdAt: at(0) };
    const claimed = (key = claim) => stores.transact((tx) => tx.claimKey(key));
    expect(await claimed()).toEqual({ stored: claim, inserted: true });
    expect(await claimed({ ...claim, inputHash: 'i', transactionId: newId('dep') })).toEqual({
      stored: claim,
      inserted: false,
    });
    const answer = (body: string) => stores.transact((tx) => tx.storeAnswer(transactionId, { status: 201, body }));
    expect(await answer('first')).toEqual({ status: 201, body: 'first' });
    expect(await answer('second')).toEqual({ status: 201, body: 'first' });
    const stored = { ...claim, answer: { status: 201, body: 'first' } };
    expect(await stores.transact((tx) => tx.findKey(userId, 'k'))).toEqual(stored);
    expect(await stores.transact((tx) => tx.findKey(newUuid(), 'k'))).toBeUndefined();
    expect(await stores.transact((tx) => tx.storeAnswer(newId('rev'), { status: 200, body: '' }))).toEqual({
      status: 200,
      body: '',
    });
  });

  test('a withdrawal has one payout that is not dead', async () => {
    const transactionId = newId('wd');
    const payout = (): PreparedPayout => ({
      payoutId: newUuid(),
      transactionId,
      executionUrl: 'https://x/po/1/bank/',
      createdOn: at(0),
      requestedAt: at(1),
      deadAt: null,
    });
    const insertPayout = (one: PreparedPayout) => stores.transact((tx) => tx.insertPayout(one));
    const [first, second] = [payout(), payout()];
    await insertPayout(first);
    expect(await stores.transact((tx) => tx.findPayout(first.payoutId))).toEqual(first);
    const refused = await insertPayout(second).catch((error: unknown) => error);
    expect(constraintOf(refused)).toBe('payouts_one_alive');
    await stores.transact((tx) => tx.buryPayout(first.payoutId, at(2)));
    await stores.transact((tx) => tx.buryPayout(first.payoutId, at(3)));
    await insertPayout(second);
    expect(await stores.transact((tx) => tx.findPayout(first.payoutId))).toEqual({ ...first, deadAt: at(2) });
  });

  test('M10: bank accounts are their owner’s alone, newest first', async () => {
    const userId = newUuid();
    const account = (ms: number, bankName: string | null) => ({
      id: newUuid(),
      userId,
      bankCode: '250655',
      bankName,
      detailsSealed: 'sealed',
      createdAt: at(ms),
      removedAt: null,
    });
    const [older, newer] = [account(1, null), account(2, 'FNB')];
    await stores.transact(async (tx) => {
      await tx.insertBankAccount(older);
      await tx.insertBankAccount(newer);
    });
    expect(await stores.transact((tx) => tx.listBankAccounts(userId, 9))).toEqual([newer, older]);
    expect(await stores.transact((tx) => tx.findBankAccount(userId, older.id))).toEqual(older);
    expect(await stores.transact((tx) => tx.findBankAccount(newUuid(), older.id))).toBeUndefined();

    await stores.transact((tx) => tx.removeBankAccount(newUuid(), newer.id, at(3)));
    expect(await stores.transact((tx) => tx.listBankAccounts(userId, 9)), 'by somebody else').toHaveLength(2);
    await stores.transact((tx) => tx.removeBankAccount(userId, newer.id, at(3)));
    await stores.transact((tx) => tx.removeBankAccount(userId, newer.id, at(4)));
    expect(await stores.transact((tx) => tx.listBankAccounts(userId, 9))).toEqual([older]);
    const removed = { ...newer, removedAt: at(3) };
    expect(await stores.transact((tx) => tx.findBankAccount(userId, newer.id))).toEqual(removed);
  });

  describe('M9: what waits for an approval', () => {
    const waits = async (change: Partial<Transaction> = {}, isReserved = true) => {
      const withdrawal = newWithdrawal({ approval: 'waiting', ...change });
      await stores.transact(async (tx) => {
        await tx.insertTransaction(withdrawal);
        if (isReserved) await tx.markReserved(withdrawal.id, at(1));
      });
      return withdrawal;
    };
    const found = (id: string) => stores.transact((tx) => tx.findTransaction(id));
    const reasons = async (id: string) =>
      (await stores.transact((tx) => tx.readTimelineAfter(id, 0n))).map(({ status, reason }) => `${status} ${reason}`);

    test('is held, and nothing is due until it is approved', async () => {
      const { id } = await waits();
      expect(await found(id)).toMatchObject({
        status: 'pending',
        reservedAt: at(1),
        nextStep: null,
        leasedUntil: null,
      });
      await stores.transact((tx) => tx.attachPayout(id, 'payout-a', at(2)));
      expect(await stores.transact((tx) => tx.recordIntent(id, 'payout-a', at(2)))).toBe(false);
      expect(await stores.transact((tx) => tx.approve(id, at(3)))).toMatchObject({ id, approval: 'approved' });
      expect(await found(id)).toMatchObject({
        status: 'pending',
        nextStep: 'submit_payout',
        leasedUntil: at(3),
        attempts: 0,
      });
      expect(await stores.transact((tx) => tx.recordIntent(id, 'payout-a', at(4)))).toBe(true);
      expect(await reasons(id)).toEqual([
        ...['pending null', 'pending awaiting_approval', 'pending approved', 'processing null'],
      ]);
    });

    test('is not taken by a worker even when a release that knows of no approvals has made its payout due', async () => {
      // A moment of its own: what other tests left due is not.
      const [due, until] = [at(-9_000_000), at(9_000_000)];
      const step = { nextStep: 'submit_payout', leasedUntil: due, reservedAt: due } as const;
      const withdrawal = newWithdrawal({ approval: 'waiting', ...step });
      await stores.transact((tx) => tx.insertTransaction(withdrawal));
      const lease = () => stores.transact((tx) => tx.leaseDue('submit_payout', due, until, 9));
      expect(await lease()).toEqual([]);
      await stores.transact((tx) => tx.approve(withdrawal.id, due));
      expect(await lease()).toMatchObject([{ id: withdrawal.id }]);
    });

    test('may be approved before it is held: then its payout is due when it is', async () => {
      const { id } = await waits({}, false);
      expect(await stores.transact((tx) => tx.approve(id, at(1)))).toMatchObject({ nextStep: 'place_hold' });
      await stores.transact((tx) => tx.markReserved(id, at(2)));
      expect(await found(id)).toMatchObject({ nextStep: 'submit_payout' });
    });

    test('is decided once: approval, rejection and cancellation exclude one another', async () => {
      const decisions = {
        approve: (id: string) => stores.transact((tx) => tx.approve(id, at(2))),
        reject: (id: string) => stores.transact((tx) => tx.reject(id, 'rejected_by_admin', at(2))),
        cancel: (id: string) => stores.transact((tx) => tx.requestVoid(id, 'cancelled_by_user', at(2))),
      };
      for (const first of ['reject', 'cancel'] as const) {
        const { id } = await waits();
        expect(await decisions[first](id)).toMatchObject({ status: 'voiding', nextStep: null });
        for (const later of ['approve', 'reject', 'cancel'] as const)
          expect(await decisions[later](id)).toBeUndefined();
      }
      const { id } = await waits();
      expect(await decisions.approve(id)).toBeDefined();
      for (const later of ['approve', 'reject'] as const) expect(await decisions[later](id)).toBeUndefined();
      expect(await decisions.cancel(id), 'until it is executed').toMatchObject({ status: 'voiding' });
    });

    test('is listed, oldest first, while it is held and waits', async () => {
      const [second, first] = [await waits({ createdAt: at(-10) }), await waits({ createdAt: at(-20) })];
      const [approved, unheld] = [await waits(), await waits({}, false)];
      await stores.transact((tx) => tx.approve(approved.id, at(2)));
      const list = async (after?: Transaction) =>
        (await stores.transact((tx) => tx.listWaiting(1_000, after))).map(({ id }) => id);
      const listed = await list();
      expect(listed.slice(0, 2)).toEqual([first.id, second.id]);
      expect(listed).not.toContain(approved.id);
      expect(listed).not.toContain(unheld.id);
      expect((await list(first))[0]).toBe(second.id);
    });

    test('is for the first one, or not: a completed one is found', async () => {
      const withdrawal = newWithdrawal();
      const has = () => stores.transact((tx) => tx.hasCompletedWithdrawal(withdrawal.userId));
      await stores.transact((tx) => tx.insertTransaction(withdrawal));
      expect(await has()).toBe(false);
      await stores.transact((tx) =>
        tx.moveTransaction(withdrawal.id, { status: 'completed', reason: null, at: at(1) }),
      );
      expect(await has()).toBe(true);
    });
  });

  test('T5: the timeline after an entry, each by its number', async () => {
    const withdrawal = newWithdrawal();
    await stores.transact((tx) => tx.insertTransaction(withdrawal));
    const [first] = await stores.transact((tx) => tx.readTimelineAfter(withdrawal.id, 0n));
    expect(first).toMatchObject({ status: 'pending', reason: null, at: at(0) });
    await stores.transact((tx) => tx.moveTransaction(withdrawal.id, { status: 'failed', reason: 'x', at: at(1) }));
    const after = await stores.transact((tx) => tx.readTimelineAfter(withdrawal.id, first?.id ?? 0n));
    expect(after).toMatchObject([{ status: 'failed', reason: 'x', at: at(1) }]);
    expect(after[0]?.id).toBeGreaterThan(first?.id ?? 0n);
  });
});
