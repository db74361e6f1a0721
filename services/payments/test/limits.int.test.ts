import supertest from 'supertest';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { newUuid } from '#libs/runtime';
import type { Deps } from '../src/deps.ts';
import { submitPayouts } from '../src/withdrawal/submit-payout.ts';
import { get, openWorld, post, type User, type World } from './world.ts';

let world: World;
let user: User;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());
beforeEach(async () => {
  Object.assign(world.wallet, { refuse: null, limit: undefined });
  user = await world.user();
});

const limits = { min: { ZAR: 1_000n }, max: { ZAR: 100_000n } };
const limited: Partial<Deps> = { depositLimits: limits, withdrawalLimits: limits };
const bodyFor = (path: string, amount: string) => ({
  ...{ amount, currency: 'ZAR' },
  ...(path === '/withdrawals' ? { bank_account_id: user.bankAccountId } : {}),
});

test.each([
  ['/withdrawals', '9.99', 'amount_below_minimum', '10.00'],
  ['/withdrawals', '1000.01', 'amount_above_maximum', '1000.00'],
  ['/deposits', '9.99', 'amount_below_minimum', '10.00'],
  ['/deposits', '1000.01', 'amount_above_maximum', '1000.00'],
])('M9: %s of %s → 422 %s, which names %s; nothing is stored, not even the key', async (path, amount, code, limit) => {
  const key = newUuid();
  const { body } = await post(world.app(limited), path, user, bodyFor(path, amount), key).expect(422);
  expect(body).toMatchObject({
    ...{ code, limit: { amount: limit, currency: 'ZAR' } },
    errors: [{ pointer: '/amount', code }],
  });
  expect((await get(world.app(), '/transactions', user).expect(200)).body.data).toEqual([]);
  await post(world.app(limited), path, user, bodyFor(path, '10.00'), key).expect(path === '/deposits' ? 201 : 202);
});

test('M9: the limits themselves are within, and another currency has none', async () => {
  for (const amount of ['10.00', '1000.00']) {
    await post(world.app(limited), '/withdrawals', user, bodyFor('/withdrawals', amount)).expect(202);
  }
  const dollars = { ...bodyFor('/withdrawals', '0.01'), currency: 'USD' };
  await post(world.app(limited), '/withdrawals', user, dollars).expect(202);
});

test('M9 M6: a repeat is answered as the first was, whatever the limits are by then', async () => {
  const key = newUuid();
  const first = await post(world.app(), '/withdrawals', user, bodyFor('/withdrawals', '5.00'), key).expect(202);
  const again = await post(world.app(limited), '/withdrawals', user, bodyFor('/withdrawals', '5.00'), key).expect(202);
  expect(again.text).toBe(first.text);
});

test.each(['daily_limit_exceeded', 'monthly_limit_exceeded'] as const)(
  'M9: the wallet refuses by %s → 422 that names the limit, what is left and when it begins anew, and so for a repeat',
  async (reason) => {
    world.wallet.refuse = reason;
    world.wallet.limit = { amount_minor: '500000', left_minor: '1250', resets_at: '2026-11-30T22:00:00.000Z' };
    const key = newUuid();
    const first = await post(world.app(), '/withdrawals', user, bodyFor('/withdrawals', '60.00'), key).expect(422);
    expect(first.body).toMatchObject({
      code: reason,
      limit: { amount: '5000.00', left: '12.50', currency: 'ZAR', resets_at: '2026-11-30T22:00:00.000Z' },
    });
    const again = await post(world.app(), '/withdrawals', user, bodyFor('/withdrawals', '60.00'), key).expect(422);
    expect(again.text).toBe(first.text);
    const { body } = await get(world.app(), `/transactions/${first.body.transaction_id}`, user).expect(200);
    expect(body).toMatchObject({ status: 'failed', reason });
  },
);

test('M10: a new bank account can be used when it has cooled off; before, 422 says from when on', async () => {
  const cooling: Partial<Deps> = { coolOffMs: 3_600_000 };
  const { body: list } = await get(world.app(cooling), '/bank-accounts', user).expect(200);
  const { created_at, usable_from } = list.data[0];
  expect(Date.parse(usable_from) - Date.parse(created_at)).toBe(3_600_000);
  const ask = () => post(world.app(cooling), '/withdrawals', user, bodyFor('/withdrawals', '5.00'));
  expect((await ask().expect(422)).body).toMatchObject({ code: 'bank_account_cooling_off', usable_from });
  world.advance(3_600_000);
  await ask().expect(202);
});

test('M10: a removed bank account is not shown, not used, and still paid out to by what is on its way', async () => {
  const asked = await post(world.app(), '/withdrawals', user, bodyFor('/withdrawals', '5.00')).expect(202);
  const removing = (who: User, id: string) =>
    supertest(world.app()).delete(`/bank-accounts/${id}`).auth(who.token, { type: 'bearer' });
  await removing(await world.user(), user.bankAccountId).expect(404);
  await removing(user, user.bankAccountId).expect(204);
  await removing(user, user.bankAccountId).expect(204);
  await removing(user, 'none').expect(404);
  expect((await get(world.app(), '/bank-accounts', user).expect(200)).body.data).toEqual([]);
  const { body } = await post(world.app(), '/withdrawals', user, bodyFor('/withdrawals', '5.00')).expect(422);
  expect(body.code).toBe('bank_account_not_found');
  await submitPayouts(world.deps);
  expect(world.executions(asked.body.id)).toBe(1);
  const account = { bank_code: '250655', account_number: '62000000001', account_holder: 'T Mokoena' };
  const added = await post(world.app(), '/bank-accounts', user, account).expect(201);
  expect(added.body.id, 'added again, it is a new one, which cools off anew').not.toBe(user.bankAccountId);
});
