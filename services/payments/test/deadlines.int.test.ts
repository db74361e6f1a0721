import { afterAll, beforeAll, expect, test } from 'vitest';
import { newUuid } from '#libs/runtime';
import { resumeDeposits } from '../src/deposit/resume-deposits.ts';
import { resumeHolds } from '../src/withdrawal/place-hold.ts';
import { get, openWorld, post, type User, type World } from './world.ts';

let world: World;
let user: User;
beforeAll(async () => {
  // So long that only a deadline ends a call in time.
  world = await openWorld({ providerTimeoutMs: 60_000 });
  user = await world.user();
});
afterAll(() => world?.close());

/** As the gateway asks when it waits no longer than this. */
const hastily = (ms: number, path: string, body: object, key: string) =>
  post(world.app(), path, user, body, key).set('x-deadline-ms', String(ms));

test('M2 F1: a withdrawal for whose hold there is no time is 202 pending, and a worker holds it, once', async () => {
  const key = newUuid();
  const body = { amount: '60.00', currency: 'ZAR', bank_account_id: user.bankAccountId };
  const first = await hastily(300, '/withdrawals', body, key).expect(202);
  expect(first.body).toMatchObject({ status: 'pending' });
  expect(world.wallet.decisions.has(first.body.id)).toBe(false);

  world.advance(10_000);
  expect(await resumeHolds(world.deps)).toBe(1);
  expect(world.wallet.decisions.get(first.body.id)).toMatchObject({ decision: 'held' });
  expect((await hastily(300, '/withdrawals', body, key).expect(202)).text).toBe(first.text);
  expect(await resumeHolds(world.deps)).toBe(0);
});

test('M1 F2: a deposit whose purchase takes longer than anybody waits is 202, and a worker makes one, without a deadline', async () => {
  world.simulator.control.faults.add({ route: 'POST /purchases/', kind: 'hang', ms: 30_000 } as never);
  const first = await hastily(2_000, '/deposits', { amount: '150.00', currency: 'ZAR' }, newUuid()).expect(202);
  expect(first.body).toMatchObject({ status: 'pending' });

  world.simulator.control.faults.clear();
  world.advance(10_000);
  expect(await resumeDeposits(world.deps)).toBe(1);
  const { body } = await get(world.app(), `/transactions/${first.body.id}`, user).expect(200);
  expect(body.checkout_url).toContain('/p/');
});
