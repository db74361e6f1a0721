import supertest from 'supertest';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newUuid } from '#libs/runtime';
import { createPurchase } from '../src/deposit/create-purchase.ts';
import { resumeDeposits } from '../src/deposit/resume-deposits.ts';
import { get, leaseMs, openWorld, post, serviceTokenOf, tokenOf, type User, type World } from './world.ts';

let world: World;
let user: User;
beforeAll(async () => {
  world = await openWorld({ providerTimeoutMs: 1_000 });
});
afterAll(() => world?.close());
beforeEach(async () => {
  world.simulator.control.faults.clear();
  world.advance(3_600_000); // past every wait and pause of the test before
  await resumeDeposits(world.deps);
  world.notes.unavailable.length = 0;
  user = await world.user();
});

const body = { amount: '150.00', currency: 'ZAR' };
const stored = (id: string) => world.stores.transact((tx) => tx.findTransaction(id));
const purchasesOf = (id: string) => world.simulator.control.objects({ reference: id });
const typesOf = async (id: string) => (await world.stores.sent(id)).map(({ type }) => type);
const fault = (kind: Parameters<World['simulator']['control']['faults']['add']>[0]['kind'], more: object = {}) =>
  world.simulator.control.faults.add({ route: 'POST /purchases/', kind, ...more } as never);

const money = (id: string) =>
  ({ transaction_id: id, user_id: user.id, currency: 'ZAR', amount_minor: '15000' }) as const;
const credited = (id: string, purchaseId = newUuid(), messageId = newUuid()) =>
  world.tell(
    'wallet.deposit-credited.v1',
    { ...money(id), wallet_id: newUuid(), posting_id: newUuid(), purchase_id: purchaseId },
    messageId,
  );

describe('M1: asking for a deposit', () => {
  test('201 with the checkout page of a purchase for that amount and reference', async () => {
    const answer = await post(world.app(), '/deposits', user, body).expect(201);
    expect(answer.body).toMatchObject({
      type: 'deposit',
      status: 'pending',
      reason: null,
      amount: '150.00',
      currency: 'ZAR',
      checkout_url: expect.stringContaining(`${world.simulator.url}/p/`),
    });
    const [purchase] = purchasesOf(answer.body.id);
    expect(purchase).toMatchObject({
      status: 'created',
      reference: answer.body.id,
      client: { email: user.email },
      purchase: { total: 15_000, currency: 'ZAR', due_strict: true },
      send_receipt: false,
    });
    expect(await stored(answer.body.id)).toMatchObject({ purchaseId: purchase?.id, nextStep: null });
    const [requested, created] = await world.stores.sent(answer.body.id);
    expect(requested?.type).toBe('payments.deposit-requested.v1');
    expect(created).toMatchObject({
      type: 'payments.purchase-created.v1',
      data: { purchase_id: purchase?.id, amount_minor: '15000', due_at: answer.body.due_at },
    });
  });

  test.each([
    '1.005',
    '-1',
    '1e3',
    1.5,
    '١٢',
    '999999999999999999',
    '0',
    '0.00',
    '',
    ' 1',
    '1,00',
    null,
    undefined,
    true,
    ['1'],
  ])('M8: the amount %j → 422 that points at it, and nothing is written', async (amount) => {
    const answer = await post(world.app(), '/deposits', user, { amount, currency: 'ZAR' }).expect(422);
    expect(answer.body).toMatchObject({ code: 'validation_failed', errors: [{ pointer: '/amount' }] });
    expect(answer.type).toBe('application/problem+json');
    expect((await get(world.app(), '/transactions', user)).body.data).toEqual([]);
  });

  test('A6: an unknown field → 422 that names it', async () => {
    const answer = await post(world.app(), '/deposits', user, { ...body, user_id: newUuid() }).expect(422);
    expect(answer.body.errors).toEqual([expect.objectContaining({ pointer: '/user_id', code: 'unknown_field' })]);
  });

  test('A4: no token → 401, a service’s token → 403', async () => {
    await supertest(world.app()).post('/deposits').send(body).expect(401);
    const service = { ...user, token: serviceTokenOf('wallet') };
    await post(world.app(), '/deposits', service, body).expect(403);
  });

  test('A8: the e-mail is not in clear in the database', async () => {
    const { body: deposit } = await post(world.app(), '/deposits', user, body);
    expect(
      JSON.stringify(await stored(deposit.id), (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
    ).not.toContain(user.email);
  });
});

describe('M6 F1: the Idempotency-Key', () => {
  test('missing → 400; not visible ASCII or too long → 400', async () => {
    const send = (key: string) => post(world.app(), '/deposits', user, body, key);
    expect((await send('')).body.code).toBe('idempotency_key_missing');
    for (const key of ['a b', 'a'.repeat(256)]) expect((await send(key)).body.code).toBe('idempotency_key_invalid');
  });

  test('a repeat → the same status and body, marked as replayed, and no second purchase', async () => {
    const key = newUuid();
    const first = await post(world.app(), '/deposits', user, body, key).expect(201);
    await credited(first.body.id);
    const again = await post(world.app(), '/deposits', user, { amount: '150', currency: 'ZAR' }, key).expect(201);
    expect(again.text).toBe(first.text);
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(purchasesOf(first.body.id)).toHaveLength(1);
  });

  test('the same key, another body or another operation → 422', async () => {
    const key = newUuid();
    await post(world.app(), '/deposits', user, body, key).expect(201);
    const other = await post(world.app(), '/deposits', user, { ...body, amount: '151' }, key).expect(422);
    expect(other.body.code).toBe('idempotency_key_reused');
    const withdrawal = { ...body, bank_account_id: user.bankAccountId };
    await post(world.app(), '/withdrawals', user, withdrawal, key).expect(422);
  });

  test('the same key of another user is another key', async () => {
    const key = newUuid();
    const mine = await post(world.app(), '/deposits', user, body, key).expect(201);
    const theirs = await post(world.app(), '/deposits', await world.user(), body, key).expect(201);
    expect(theirs.body.id).not.toBe(mine.body.id);
  });

  test('a body that does not validate is not remembered', async () => {
    const key = newUuid();
    await post(world.app(), '/deposits', user, { ...body, amount: '-1' }, key).expect(422);
    await post(world.app(), '/deposits', user, body, key).expect(201);
  });

  test('a duplicate that outlasts its wait → 409 with Retry-After, and later the first one’s answer', async () => {
    fault('hang', { ms: 600 });
    const key = newUuid();
    const first = post(world.app(), '/deposits', user, body, key).then((answer) => answer);
    const impatient = world.app({ duplicateWaitMs: 0 });
    await expect
      .poll(async () => (await world.stores.transact((tx) => tx.findKey(user.id, key)))?.transactionId)
      .toBeDefined();
    const early = await post(impatient, '/deposits', user, body, key).expect(409);
    expect(early.body.code).toBe('request_in_progress');
    expect(Number(early.headers['retry-after'])).toBeGreaterThan(0);
    const { text } = await first;
    expect((await post(impatient, '/deposits', user, body, key).expect(201)).text).toBe(text);
  });

  test('thirty at once → one deposit, one purchase, one body', async () => {
    const key = newUuid();
    const app = world.app();
    const answers = await Promise.all(Array.from({ length: 30 }, () => post(app, '/deposits', user, body, key)));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(purchasesOf(answers[0]?.body.id)).toHaveLength(1);
  });
});

describe('F2 F3: Revio does not answer', () => {
  test.each([
    ['effect_then_drop', {}],
    ['reset', {}],
    ['hang', { ms: 3_000 }],
    ['500', {}],
    ['500_after_effect', {}],
    ['429', { seconds: 7 }],
    ['garbage', {}],
    ['garbage_after_effect', {}],
    ['409_after_effect', {}],
  ] as const)(
    '%s → 202 without a checkout page, a worker makes one, and the user is shown one purchase',
    async (kind, more) => {
      fault(kind, more);
      const key = newUuid();
      const first = await post(world.app(), '/deposits', user, body, key).expect(202);
      expect(first.body).toMatchObject({ status: 'pending' });
      expect(first.body.checkout_url).toBeUndefined();
      expect(await resumeDeposits(world.deps)).toBe(0);

      world.advance(10_000);
      expect(await resumeDeposits(world.deps)).toBe(1);
      const shown = await get(world.app(), `/transactions/${first.body.id}`, user).expect(200);
      expect(shown.body.checkout_url).toContain('/p/');
      const { purchaseId } = (await stored(first.body.id)) ?? {};
      expect(shown.body.checkout_url).toContain(purchaseId);
      expect((await typesOf(first.body.id)).filter((type) => type === 'payments.purchase-created.v1')).toHaveLength(1);
      // The first answer is what its repeats get, also when there is more to say by now.
      expect((await post(world.app(), '/deposits', user, body, key).expect(202)).text).toBe(first.text);
    },
  );

  test('Retry-After holds back the worker and other requests', async () => {
    fault('429', { seconds: 30 });
    const first = await post(world.app(), '/deposits', user, body).expect(202);
    const second = await post(world.app(), '/deposits', user, body).expect(202);
    expect(purchasesOf(second.body.id)).toEqual([]);
    world.advance(29_000);
    expect(await resumeDeposits(world.deps)).toBe(0);
    world.advance(2_000);
    expect(await resumeDeposits(world.deps)).toBe(2);
    for (const { body: deposit } of [first, second]) expect(purchasesOf(deposit.id)).toHaveLength(1);
  });

  test('what Revio rejects → 422, failed, told, and the same for a repeat', async () => {
    const token = tokenOf({ kind: 'user', userId: user.id, role: 'user', email: 'no e-mail' });
    const refused = { ...user, token };
    const key = newUuid();
    const first = await post(world.app(), '/deposits', refused, body, key).expect(422);
    expect(first.body.code).toBe('provider_rejected');
    expect(first.type).toBe('application/problem+json');
    expect(await stored(first.body.transaction_id)).toMatchObject({ status: 'failed', reason: 'provider_rejected' });
    expect(await typesOf(first.body.transaction_id)).toEqual([
      'payments.deposit-requested.v1',
      'payments.transaction-failed.v1',
    ]);
    const again = await post(world.app(), '/deposits', refused, body, key).expect(422);
    expect(again.text).toBe(first.text);
  });

  test('what Revio could never be told of is given up', async () => {
    fault('500', { count: 'all' });
    const { body: deposit } = await post(world.app(), '/deposits', user, body).expect(202);
    world.advance(900_001);
    await resumeDeposits(world.deps);
    expect(await stored(deposit.id)).toMatchObject({
      status: 'failed',
      reason: 'provider_unavailable',
      nextStep: null,
    });
  });

  test('F4: a request that died before Revio was asked is finished by the worker, or by its repeat', async () => {
    const dead = world.app({
      provider: { ...world.deps.provider, createPurchase: () => Promise.reject(new Error('killed')) },
    });
    const keys = [newUuid(), newUuid()] as const;
    for (const key of keys) await post(dead, '/deposits', user, body, key).expect(500);
    world.advance(leaseMs + 1);
    const resumed = await post(world.app(), '/deposits', user, body, keys[0]).expect(201);
    expect(await resumeDeposits(world.deps)).toBe(1);
    const replayed = await post(world.app(), '/deposits', user, body, keys[1]).expect(201);
    for (const { body: deposit } of [resumed, replayed]) expect(purchasesOf(deposit.id)).toHaveLength(1);
  });

  test('two that make the purchase at once → one is kept, the other is cancelled at Revio', async () => {
    fault('hang', { ms: 3_000, effect: 'never' });
    const { body: deposit } = await post(world.app(), '/deposits', user, body).expect(202);
    const row = await stored(deposit.id);
    if (row === undefined) throw new Error('missing');
    await Promise.all([createPurchase(world.deps, row), createPurchase(world.deps, row)]);
    const statuses = purchasesOf(deposit.id).map(({ id, status }) => [id, status]);
    const { purchaseId } = (await stored(deposit.id)) ?? {};
    expect(statuses).toHaveLength(2);
    expect(Object.fromEntries(statuses)[purchaseId ?? '']).toBe('created');
    expect(statuses.filter(([, status]) => status === 'cancelled')).toHaveLength(1);
  });
});

describe('M7: what the others tell of a deposit', () => {
  const open = async () => (await post(world.app(), '/deposits', user, body).expect(201)).body.id as string;
  const shown = async (id: string) => (await get(world.app(), `/transactions/${id}`, user).expect(200)).body;

  test('credited → completed, told once whatever is repeated', async () => {
    const id = await open();
    const messageId = newUuid();
    const purchaseId = newUuid();
    await credited(id, purchaseId, messageId);
    await credited(id, purchaseId, messageId);
    await credited(id, purchaseId);
    expect(await shown(id)).toMatchObject({
      status: 'completed',
      timeline: [{ status: 'pending' }, { status: 'completed' }],
    });
    expect((await typesOf(id)).filter((type) => type === 'payments.transaction-completed.v1')).toHaveLength(1);
  });

  test.each(['failed', 'expired', 'cancelled'] as const)('%s, and credited after all → completed', async (status) => {
    const id = await open();
    await world.tell('reconciler.deposit-failed.v1', { ...money(id), status, reason: 'told_so' });
    expect(await shown(id)).toMatchObject({ status, reason: 'told_so' });
    await credited(id);
    expect(await shown(id)).toMatchObject({ status: 'completed', reason: null });
  });

  test('F7: a message is handled once by its id, whatever it says the second time', async () => {
    const id = await open();
    const messageId = newUuid();
    for (const status of ['failed', 'expired'] as const) {
      await world.tell('reconciler.deposit-failed.v1', { ...money(id), status, reason: 'told_so' }, messageId);
    }
    expect(await shown(id)).toMatchObject({ status: 'failed' });
  });

  test('a fact about what is not ours goes to where a human looks', async () => {
    await expect(credited('dep_01KDWA11ET0000000000000000')).rejects.toThrow('not ours');
  });

  test('M1: a refund is a transaction of its own, once per payment, and the deposit stays completed', async () => {
    const id = await open();
    await credited(id);
    const reversed = {
      ...money(id),
      amount_minor: '5000',
      wallet_id: newUuid(),
      posting_id: newUuid(),
      purchase_id: newUuid(),
      payment_id: newUuid(),
      reversal: 'refund',
      receivable_minor: '0',
    } as const;
    await world.tell('wallet.deposit-reversed.v1', reversed);
    await world.tell('wallet.deposit-reversed.v1', reversed);
    const { data: transactions } = (await get(world.app(), '/transactions', user)).body;
    expect(transactions).toMatchObject([
      { type: 'reversal', status: 'completed', amount: '50.00', reversal_of: id, reversal: 'refund' },
      { id, status: 'completed' },
    ]);
    expect(transactions).toHaveLength(2);
    expect(await typesOf(transactions[0].id)).toEqual(['payments.transaction-completed.v1']);
  });
});
