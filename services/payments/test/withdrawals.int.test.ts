import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newUuid } from '#libs/runtime';
import { poll } from '#libs/testing';
import type { Deps } from '../src/deps.ts';
import { resumeHolds } from '../src/withdrawal/place-hold.ts';
import { submitPayouts } from '../src/withdrawal/submit-payout.ts';
import { get, leaseMs, openWorld, post, serviceTokenOf, tokenOf, type User, type World } from './world.ts';

let world: World;
let user: User;
beforeAll(async () => {
  world = await openWorld({ providerTimeoutMs: 1_000 });
});
afterAll(() => world?.close());
beforeEach(async () => {
  world.simulator.control.faults.clear();
  Object.assign(world.wallet, { refuse: null, loseAnswers: 0, down: false });
  world.advance(3_600_000); // past every wait and pause of the test before
  await resumeHolds(world.deps);
  await submitPayouts(world.deps);
  for (const notes of Object.values(world.notes)) notes.length = 0;
  user = await world.user();
});

const body = () => ({ amount: '60.00', currency: 'ZAR', bank_account_id: user.bankAccountId });
const stored = (id: string) => world.stores.transact((tx) => tx.findTransaction(id));
const payoutsOf = (id: string) => world.simulator.control.objects({ reference: id });
const typesOf = async (id: string) => (await world.stores.sent(id)).map(({ type }) => type);
const shown = async (id: string) => (await get(world.app(), `/transactions/${id}`, user).expect(200)).body;
const fault = (route: string, kind: string, more: object = {}) =>
  world.simulator.control.faults.add({ route, kind, ...more } as never);
const pay = (change: Partial<Deps> = {}) => submitPayouts({ ...world.deps, ...change });

const reserve = async (): Promise<string> =>
  (await post(world.app(), '/withdrawals', user, body()).expect(202)).body.id as string;
const cancel = (id: string, by = user) => post(world.app(), `/withdrawals/${id}/cancel`, by, {});

const held = (id: string) => ({
  transaction_id: id,
  user_id: user.id,
  currency: 'ZAR' as const,
  amount_minor: '6000',
  wallet_id: newUuid(),
  posting_id: newUuid(),
});
const voided = (id: string, reason: string) => world.tell('wallet.hold-voided.v1', { ...held(id), reason });

describe('M2: asking for a withdrawal', () => {
  test('202 once the wallet holds the amount, and the payout is due', async () => {
    const answer = await post(world.app(), '/withdrawals', user, body()).expect(202);
    expect(answer.body).toMatchObject({
      type: 'withdrawal',
      status: 'pending',
      amount: '60.00',
      bank_account_id: user.bankAccountId,
    });
    expect(world.wallet.decisions.get(answer.body.id)).toMatchObject({ decision: 'held' });
    expect(await stored(answer.body.id)).toMatchObject({ nextStep: 'submit_payout', payoutId: null });
    expect(await typesOf(answer.body.id)).toEqual(['payments.withdrawal-requested.v1']);
  });

  test.each(['insufficient_funds', 'wallet_frozen', 'wallet_in_debt'] as const)(
    'the wallet says %s → 422, failed, and so for a repeat',
    async (reason) => {
      world.wallet.refuse = reason;
      const key = newUuid();
      const first = await post(world.app(), '/withdrawals', user, body(), key).expect(422);
      expect(first.body).toMatchObject({ code: reason, status: 422 });
      world.wallet.refuse = null;
      const again = await post(world.app(), '/withdrawals', user, body(), key).expect(422);
      expect(again.text).toBe(first.text);
      expect(again.headers['idempotent-replayed']).toBe('true');
      expect(await shown(first.body.transaction_id)).toMatchObject({ status: 'failed', reason });
      expect(await pay()).toBe(0);
      expect(payoutsOf(first.body.transaction_id)).toEqual([]);
    },
  );

  test.each(['1.005', '-1', '1e3', 1.5, '١٢', '999999999999999999'])(
    'M8: the amount %j → 422 that points at it',
    async (amount) => {
      const answer = await post(world.app(), '/withdrawals', user, { ...body(), amount }).expect(422);
      expect(answer.body.errors[0].pointer).toBe('/amount');
      expect((await get(world.app(), '/transactions', user)).body.data).toEqual([]);
    },
  );

  test('M10 A3: another user’s bank account → 422 that points at it', async () => {
    const { bankAccountId } = await world.user();
    const answer = await post(world.app(), '/withdrawals', user, { ...body(), bank_account_id: bankAccountId }).expect(
      422,
    );
    expect(answer.body).toMatchObject({ code: 'bank_account_not_found', errors: [{ pointer: '/bank_account_id' }] });
  });

  test('M6 F1: the same key from thirty connections → one withdrawal, one hold, one body', async () => {
    const key = newUuid();
    const app = world.app();
    const answers = await Promise.all(Array.from({ length: 30 }, () => post(app, '/withdrawals', user, body(), key)));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect((await get(app, '/transactions', user)).body.data).toHaveLength(1);
  });

  test('F3: the hold’s answer is lost → 202, and a worker hears of the same decision', async () => {
    world.wallet.loseAnswers = 2; // the call and its second try
    const id = await reserve();
    expect(await stored(id)).toMatchObject({ reservedAt: null, nextStep: 'place_hold' });
    world.advance(10_000);
    expect(await resumeHolds(world.deps)).toBe(1);
    expect(await stored(id)).toMatchObject({ nextStep: 'submit_payout' });
  });

  test('F3: a refusal whose answer was lost stays a refusal', async () => {
    Object.assign(world.wallet, { loseAnswers: 2, refuse: 'insufficient_funds' });
    const id = await reserve();
    world.wallet.refuse = null; // topped up meanwhile
    world.advance(10_000);
    await resumeHolds(world.deps);
    expect(await shown(id)).toMatchObject({ status: 'failed', reason: 'insufficient_funds' });
  });

  test('the wallet is down → 202, tried again with a growing pause, never guessed', async () => {
    world.wallet.down = true;
    const id = await reserve();
    for (const waitMs of [1_000, 2_000, 4_000]) {
      expect(await resumeHolds(world.deps)).toBe(0);
      world.advance(waitMs);
      expect(await resumeHolds(world.deps)).toBe(1);
    }
    expect(await stored(id)).toMatchObject({ status: 'pending', reservedAt: null });
    world.wallet.down = false;
    world.advance(10_000);
    await resumeHolds(world.deps);
    expect(await stored(id)).toMatchObject({ nextStep: 'submit_payout' });
  });

  test('the wallet decided this id for another amount → 500, put down by the worker, never tried again', async () => {
    world.wallet.conflicts = true;
    world.notes.failures.length = 0;
    const answer = await post(world.app(), '/withdrawals', user, body());
    expect([answer.status, answer.body.code]).toEqual([500, 'internal_error']);
    const [{ id }] = (await get(world.app(), '/transactions', user)).body.data;
    world.advance(leaseMs + 1);
    expect(await resumeHolds(world.deps)).toBe(1);
    expect(world.notes.failures).toEqual(['place_hold put_down']);
    world.wallet.conflicts = false;
    world.advance(leaseMs + 1);
    expect(await resumeHolds(world.deps)).toBe(0);
    expect(await stored(id)).toMatchObject({ status: 'pending', reservedAt: null, nextStep: null });
  });

  test('the wallet’s message comes before its answer, or instead of it → reserved once', async () => {
    world.wallet.loseAnswers = 2;
    const id = await reserve();
    await world.tell('wallet.hold-placed.v1', held(id));
    await world.tell('wallet.hold-placed.v1', held(id));
    expect(await stored(id)).toMatchObject({ nextStep: 'submit_payout' });
    world.advance(10_000);
    expect(await resumeHolds(world.deps)).toBe(0);
  });

  test('the wallet’s message comes after its answer → the step stays with the worker that leased it', async () => {
    const id = await reserve();
    const now = world.deps.clock.now();
    const until = new Date(now.getTime() + leaseMs);
    const leased = await world.stores.transact((tx) => tx.leaseOne(id, 'submit_payout', now, until));
    await world.tell('wallet.hold-placed.v1', held(id));
    expect(await stored(id)).toEqual(leased);
  });

  test('F4: a request that died is resumed by its repeat once its lease is over', async () => {
    let hasBegun = false;
    // A process that was killed here says nothing any more, and gives nothing back.
    const placeHold = () => {
      hasBegun = true;
      return new Promise<never>(() => undefined);
    };
    const key = newUuid();
    const dead = post(world.app({ wallet: { placeHold } }), '/withdrawals', user, body(), key)
      .timeout(3_000)
      .catch(() => undefined);
    await poll(() => hasBegun);
    await post(world.app({ duplicateWaitMs: 0 }), '/withdrawals', user, body(), key).expect(409);
    world.advance(leaseMs + 1);
    const resumed = await post(world.app(), '/withdrawals', user, body(), key).expect(202);
    expect(await stored(resumed.body.id)).toMatchObject({ nextStep: 'submit_payout' });
    expect((await get(world.app(), '/transactions', user)).body.data).toHaveLength(1);
    await dead;
  });
});

describe('M2 M3: the payout', () => {
  test('prepared, intended, executed once, observed; completed when the wallet posted the hold', async () => {
    const id = await reserve();
    expect(await pay()).toBe(1);
    expect(world.executions(id)).toBe(1);
    const [payout] = payoutsOf(id);
    expect(payout).toMatchObject({ status: 'pending', client: { bank_account: '62000000001', email: user.email } });
    expect(await shown(id)).toMatchObject({ status: 'processing' });
    const [, submitted, observed] = await world.stores.sent(id);
    expect(submitted).toMatchObject({ type: 'payments.payout-submitted.v1', data: { payout_id: payout?.id } });
    expect(observed).toMatchObject({
      type: 'payments.payout-observed.v1',
      data: { payout_id: payout?.id, observation: { source: 'read', status: 'pending', reference: id } },
    });
    expect(observed?.data).toMatchObject({ observation: { provider_date: expect.any(String) } });

    await world.tell('wallet.hold-posted.v1', held(id));
    expect((await shown(id)).timeline.map(({ status }: { status: string }) => status)).toEqual([
      'pending',
      'processing',
      'completed',
    ]);
    expect((await typesOf(id)).at(-1)).toBe('payments.transaction-completed.v1');
    expect(await pay()).toBe(0);
  });

  test('M3: the hold came back → failed for the verdict’s reason', async () => {
    const id = await reserve();
    await pay();
    await voided(id, 'payout_failed');
    expect(await shown(id)).toMatchObject({ status: 'failed', reason: 'payout_failed' });
  });

  test.each([
    ['effect_then_drop', {}],
    ['reset', {}],
    ['hang', { ms: 2_000, effect: 'before' }],
    ['hang', { ms: 2_000, effect: 'after' }],
    ['hang', { ms: 2_000, effect: 'never' }],
    ['500', {}],
    ['500_after_effect', {}],
    ['409_after_effect', {}],
    ['404_then_exists', {}],
    ['429', { seconds: 1 }],
    ['garbage', {}],
    ['garbage_after_effect', {}],
  ] as const)('F3: execute is answered by %s %j → unknown, never failed, never sent again', async (kind, more) => {
    const id = await reserve();
    fault('POST /po/{id}/bank/', kind, more);
    await pay();
    expect(await stored(id)).toMatchObject({ status: 'processing', nextStep: null });
    for (let run = 0; run < 3; run++) {
      world.advance(leaseMs * 20);
      expect(await pay()).toBe(0);
    }
    // A call that hangs is counted when the simulator is through with it.
    await expect.poll(() => world.executions(id), { timeout: 10_000 }).toBe(1);
    expect(payoutsOf(id)).toHaveLength(1);
    await cancel(id).expect(409);
    expect((await typesOf(id)).at(-1)).toBe('payments.payout-observed.v1');
  });

  test('F3: a bank’s refusal on execute (400) is observed, and fails nothing here', async () => {
    const refusing = { bank_code: '250655', account_number: '62000009999', account_holder: 'T Mokoena' };
    const { body: account } = await post(world.app(), '/bank-accounts', user, refusing).expect(201);
    user = { ...user, bankAccountId: account.id };
    const id = await reserve();
    await pay();
    expect(await stored(id)).toMatchObject({ status: 'processing' });
    expect((await world.stores.sent(id)).at(-1)).toMatchObject({ data: { observation: { status: 'error' } } });
  });

  test('F2: the read after it fails too → nothing is told, and the row waits for the reader', async () => {
    const id = await reserve();
    fault('POST /po/{id}/bank/', 'effect_then_drop');
    fault('GET /payouts/{id}/', '500');
    await pay();
    expect((await typesOf(id)).at(-1)).toBe('payments.payout-submitted.v1');
    expect(await stored(id)).toMatchObject({ status: 'processing' });
  });

  test.each([
    ['effect_then_drop', {}, 2],
    ['reset', {}, 1],
    ['hang', { ms: 3_000, effect: 'never' }, 1],
    ['500_after_effect', {}, 2],
    ['404_then_exists', {}, 1],
    ['409_after_effect', {}, 2],
    ['garbage_after_effect', {}, 2],
  ] as const)(
    'F2 F3: create payout is answered by %s → paused, failing nobody, then paid once',
    async (kind, more, payouts) => {
      const id = await reserve();
      const other = await reserve();
      fault('POST /payouts/', kind, more);
      fault('POST /payouts/', kind, more);
      await pay();
      expect(world.notes.unavailable).toHaveLength(2);
      expect(world.deps.payoutPause.remainingMs()).toBeGreaterThan(0);
      expect(await pay()).toBe(0);
      world.advance(10_000);
      expect(await pay()).toBe(2);
      for (const one of [id, other]) {
        expect(await stored(one)).toMatchObject({ status: 'processing' });
        expect(world.executions(one)).toBe(1);
        expect(payoutsOf(one)).toHaveLength(payouts);
      }
    },
  );

  test('F2: 429 pauses the worker for as long as it was asked to', async () => {
    const id = await reserve();
    fault('POST /payouts/', '429', { seconds: 120 });
    await pay();
    world.advance(119_000);
    await reserve();
    expect(await pay()).toBe(0);
    world.advance(2_000);
    expect(await pay()).toBe(2);
    expect(world.executions(id)).toBe(1);
  });

  test('F2: our key is refused (401) → the worker pauses and nobody fails', async () => {
    const wrong = await openWorld({ apiKey: 'sk_wrong' });
    try {
      const someone = await wrong.user();
      const withdrawal = { ...body(), bank_account_id: someone.bankAccountId };
      const { body: made } = await post(wrong.app(), '/withdrawals', someone, withdrawal).expect(202);
      await submitPayouts(wrong.deps);
      expect(wrong.notes.unavailable).toEqual(['create_payout unauthorized']);
      const row = await wrong.stores.transact((tx) => tx.findTransaction(made.id));
      expect(row).toMatchObject({ status: 'pending', nextStep: 'submit_payout' });
      expect(wrong.deps.payoutPause.remainingMs()).toBeGreaterThan(0);
    } finally {
      await wrong.close();
    }
  });

  test('M3: Revio rejects the payout (400) → the hold is asked back, and its return ends it', async () => {
    user = { ...user, token: tokenOf({ kind: 'user', userId: user.id, role: 'user', email: 'no e-mail' }) };
    const id = await reserve();
    await pay();
    expect(await shown(id)).toMatchObject({ status: 'processing', reason: 'provider_rejected' });
    expect((await world.stores.sent(id)).at(-1)).toMatchObject({
      type: 'payments.void-requested.v1',
      data: { reason: 'provider_rejected', amount_minor: '6000' },
    });
    await voided(id, 'provider_rejected');
    expect(await shown(id)).toMatchObject({ status: 'failed', reason: 'provider_rejected' });
    expect(payoutsOf(id)).toEqual([]);
  });

  test('a payout that became too old before its intent is replaced, and the new one is executed', async () => {
    const id = await reserve();
    let calls = 0;
    // Dies between the prepared payout and the intent.
    const transact: Deps['transact'] = (work, options) =>
      ++calls === 4 ? Promise.reject(new Error('killed')) : world.deps.transact(work, options);
    await pay({ transact });
    const before = await stored(id);
    expect(before).toMatchObject({ status: 'pending', payoutId: expect.any(String) });
    world.advance(600_001);
    await pay();
    const after = await stored(id);
    expect(after?.status).toBe('processing');
    expect(after?.payoutId).not.toBe(before?.payoutId);
    expect(payoutsOf(id).map(({ id: payoutId, status }) => [payoutId, status])).toEqual([
      [before?.payoutId, 'initialized'],
      [after?.payoutId, 'pending'],
    ]);
  });

  test('a process that was stopped between intent and execute sends nothing, and nobody else does', async () => {
    const id = await reserve();
    const transact: Deps['transact'] = async (work, options) => {
      const result = await world.deps.transact(work, options);
      if ((await stored(id))?.executeSentAt !== null) world.advance(10_001);
      return result;
    };
    await pay({ transact });
    expect(world.notes.executed).toEqual(['too_late']);
    world.advance(leaseMs * 20);
    expect(await pay()).toBe(0);
    expect(world.executions(id)).toBe(0);
    expect(await stored(id)).toMatchObject({ status: 'processing' });
  });
});

describe('cancelling', () => {
  test('before the intent → 202, shown as processing until the hold is back, then cancelled; again → 202', async () => {
    const id = await reserve();
    expect((await cancel(id).expect(202)).body).toMatchObject({ status: 'processing', reason: 'cancelled_by_user' });
    await cancel(id).expect(202);
    expect((await typesOf(id)).filter((type) => type === 'payments.void-requested.v1')).toHaveLength(1);
    expect(await pay()).toBe(0);
    await voided(id, 'cancelled_by_user');
    expect(await shown(id)).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_user' });
    await cancel(id).expect(202);
  });

  test('after the intent → 409', async () => {
    const id = await reserve();
    await pay();
    expect((await cancel(id).expect(409)).body.code).toBe('not_cancellable');
  });

  test('A3: somebody else’s, unknown, or no withdrawal at all → 404', async () => {
    const id = await reserve();
    await cancel(id, await world.user()).expect(404);
    await cancel('wd_01KDWA11ET0000000000000000').expect(404);
    await cancel('%00').expect(404);
    const { body: deposit } = await post(world.app(), '/deposits', user, { amount: '1', currency: 'ZAR' });
    await cancel(deposit.id).expect(404);
  });

  test('before the wallet decided, and it refuses → cancelled, for no void will ever be told', async () => {
    Object.assign(world.wallet, { loseAnswers: 2, refuse: 'insufficient_funds' });
    const id = await reserve();
    await cancel(id).expect(202);
    world.advance(10_000);
    await resumeHolds(world.deps);
    expect(await shown(id)).toMatchObject({ status: 'cancelled' });
  });

  test('before the wallet decided, and it holds → nothing is paid, and the void ends it', async () => {
    world.wallet.loseAnswers = 2;
    const id = await reserve();
    await cancel(id).expect(202);
    world.advance(10_000);
    await resumeHolds(world.deps);
    expect(await stored(id)).toMatchObject({ status: 'voiding', nextStep: null });
    expect(await pay()).toBe(0);
    await voided(id, 'cancelled_by_user');
    expect(await shown(id)).toMatchObject({ status: 'cancelled' });
  });
});

describe('M1: a payout that comes back', () => {
  test('is a transaction of its own, once, and the withdrawal stays completed', async () => {
    const id = await reserve();
    await pay();
    await world.tell('wallet.hold-posted.v1', held(id));
    const returned = { ...held(id), payout_id: newUuid() };
    await world.tell('wallet.payout-returned.v1', returned);
    await world.tell('wallet.payout-returned.v1', returned);
    expect((await get(world.app(), '/transactions', user)).body.data).toMatchObject([
      { type: 'reversal', status: 'completed', amount: '60.00', reversal_of: id, reversal: 'payout_return' },
      { id, status: 'completed' },
    ]);
  });
});

describe('R1: the reconciler reads Revio through us', () => {
  const read = (object: object, token = serviceTokenOf('reconciler')) =>
    post(world.app(), '/provider-reads', { ...user, token }, object);

  test('a fresh observation of a purchase and of a payout, by Revio’s own clock', async () => {
    const id = await reserve();
    await pay();
    const payout = { object_type: 'payout', object_id: (await stored(id))?.payoutId };
    expect((await read(payout).expect(200)).body.observation).toMatchObject({
      object_type: 'payout',
      source: 'read',
      reference: id,
      amount_minor: '6000',
      provider_date: expect.any(String),
    });
    const { body: deposit } = await post(world.app(), '/deposits', user, { amount: '1', currency: 'ZAR' });
    const purchase = { object_type: 'purchase', object_id: (await stored(deposit.id))?.purchaseId };
    expect((await read(purchase).expect(200)).body.observation).toMatchObject({
      object_type: 'purchase',
      status: 'created',
    });
  });

  test('an answer that a stopped process hears a quarter of an hour late is of before the call, not of now', async () => {
    const sentAt = world.deps.clock.now().getTime();
    const reading = world.deps.provider.readPayout(newUuid());
    world.advance(900_000);
    const answer = await reading;
    if (answer.kind !== 'read') throw new Error(`it was not read: ${answer.cause}`);
    expect(Date.parse(answer.observation.observed_at) - sentAt).toBeLessThan(900_000);
  });

  test('404 at Revio → absent', async () => {
    const object_id = newUuid();
    expect((await read({ object_type: 'payout', object_id }).expect(200)).body.observation).toMatchObject({
      object_type: 'absent',
      object_id,
    });
  });

  test.each([
    ['500', 503, 'provider_unavailable', null],
    ['429', 503, 'provider_unavailable', 'named'],
    ['reset', 503, 'provider_unavailable', null],
    ['garbage', 502, 'provider_object_unreadable', null],
  ] as const)('F2: Revio answers with %s → %i %s, Retry-After %s', async (kind, status, code, retryAfter) => {
    // A GET is tried twice when its connection breaks.
    fault('GET /payouts/{id}/', kind, { count: 2 });
    const answer = await read({ object_type: 'payout', object_id: newUuid() }).expect(status);
    expect(answer.body.code).toBe(code);
    const waitS = answer.headers['retry-after'];
    expect(waitS === undefined ? null : Number(waitS) > 0 && 'named').toBe(retryAfter);
  });

  test('A4: nobody but the reconciler', async () => {
    await read({ object_type: 'payout', object_id: newUuid() }, serviceTokenOf('wallet')).expect(403);
    await read({ object_type: 'payout', object_id: newUuid() }, user.token).expect(403);
  });
});
