import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { newUuid } from '#libs/runtime';
import { config } from '../src/config.ts';
import { openWorld, post, type User, type World } from './world.ts';

/**
 * M6: what the IETF draft (draft-ietf-httpapi-idempotency-key-header-07) asks for beyond what deposits.int.test.ts and
 * withdrawals.int.test.ts show: a first try that failed on our side, and how long a key is kept.
 */
let world: World;
let user: User;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());
beforeEach(async () => {
  world.wallet.refuse = null;
  user = await world.user();
});

const deposit = { amount: '150.00', currency: 'ZAR' };
const withdrawal = () => ({ ...deposit, bank_account_id: user.bankAccountId });
const dayMs = 86_400_000;

test('a first try that ends in a mistake of ours is never answered from memory: its repeat goes on with it', async () => {
  const key = newUuid();
  const broken = world.app({
    provider: { ...world.deps.provider, createPurchase: () => Promise.reject(new Error('a mistake of ours')) },
  });
  const first = await post(broken, '/deposits', user, deposit, key).expect(500);
  expect(first.body).toMatchObject({ code: 'internal_error', request_id: expect.any(String) });
  await post(broken, '/deposits', user, deposit, key).expect(500);
  const resumed = await post(world.app(), '/deposits', user, deposit, key).expect(201);
  expect(resumed.body.checkout_url).toContain('/p/');
  expect(world.simulator.control.objects({ reference: resumed.body.id })).toHaveLength(1);
  expect((await post(world.app(), '/deposits', user, deposit, key).expect(201)).text).toBe(resumed.text);
});

test('the same of a withdrawal: one hold, and the answer of the try that got through', async () => {
  const key = newUuid();
  const broken = world.app({ wallet: { placeHold: () => Promise.reject(new Error('a mistake of ours')) } });
  await post(broken, '/withdrawals', user, withdrawal(), key).expect(500);
  const resumed = await post(world.app(), '/withdrawals', user, withdrawal(), key).expect(202);
  expect(world.wallet.decisions.get(resumed.body.id)).toMatchObject({ decision: 'held' });
});

test('a withdrawal without a key → 400, and nothing is stored', async () => {
  const before = await world.stores.db.read.rows('SELECT id FROM transactions');
  expect((await post(world.app(), '/withdrawals', user, withdrawal(), '').expect(400)).body.code).toBe(
    'idempotency_key_missing',
  );
  expect(await world.stores.db.read.rows('SELECT id FROM transactions')).toEqual(before);
});

test('a bank account that is not there is not remembered: with the right one the same key is good', async () => {
  const key = newUuid();
  await post(world.app(), '/withdrawals', user, { ...withdrawal(), bank_account_id: newUuid() }, key).expect(422);
  await post(world.app(), '/withdrawals', user, withdrawal(), key).expect(202);
});

test('accepted or refused, a repeat weeks later is answered as the first: keys are kept for good', async () => {
  const [accepted, refused] = [newUuid(), newUuid()];
  const first = await post(world.app(), '/withdrawals', user, withdrawal(), accepted).expect(202);
  world.wallet.refuse = 'insufficient_funds';
  const refusal = await post(world.app(), '/withdrawals', user, withdrawal(), refused).expect(422);
  world.wallet.refuse = null;
  world.advance(30 * dayMs);
  const [again, refusedAgain] = await Promise.all([
    post(world.app(), '/withdrawals', { ...user }, withdrawal(), accepted),
    post(world.app(), '/withdrawals', { ...user }, withdrawal(), refused),
  ]);
  expect([again.status, again.text, again.headers['idempotent-replayed']]).toEqual([202, first.text, 'true']);
  expect([refusedAgain.status, refusedAgain.text]).toEqual([422, refusal.text]);
});

test('a repeat waits ten seconds for the first, unless the configuration says otherwise', () => {
  expect(config.shape.DUPLICATE_WAIT_MS.parse(undefined)).toBe(10_000);
});
