import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Deps } from '../src/deps.ts';
import { cancelWithdrawal } from '../src/withdrawal/cancel-withdrawal.ts';
import { submitPayout, submitPayouts } from '../src/withdrawal/submit-payout.ts';
import { openWorld, post, type User, type World } from './world.ts';

let world: World;
let user: User;
beforeAll(async () => {
  world = await openWorld();
  user = await world.user();
});
afterAll(() => world?.close());

const stored = (id: string) => world.stores.transact((tx) => tx.findTransaction(id));

async function reserve(): Promise<string> {
  const body = { amount: '1.00', currency: 'ZAR', bank_account_id: user.bankAccountId };
  return (await post(world.app(), '/withdrawals', user, body).expect(202)).body.id;
}

async function leased(id: string) {
  const now = world.deps.clock.now();
  const row = await world.stores.transact((tx) =>
    tx.leaseOne(id, 'submit_payout', now, new Date(now.getTime() + 60_000)),
  );
  if (row === undefined) throw new Error('not due');
  return row;
}

test('F1: cancelling races the intent 200 times → exactly one wins, and never both a void and an execution', async () => {
  const won = { cancelled: 0, executed: 0 };
  for (let round = 0; round < 200; round++) {
    const id = await reserve();
    const row = await leased(id);
    // The cancellation starts at the moment at which the intent does, now sooner, now later by a turn of the event loop.
    let cancelling: Promise<unknown> = Promise.resolve();
    const startCancel = () => {
      cancelling = cancelWithdrawal(world.deps, { userId: user.id, id }).catch(() => undefined);
    };
    let calls = 0;
    const transact: Deps['transact'] = async (work, options) => {
      const isIntent = ++calls === 3;
      if (isIntent && round % 2 === 0) startCancel();
      const result = world.deps.transact(work, options);
      if (isIntent && round % 2 === 1) startCancel();
      return result;
    };
    await submitPayout({ ...world.deps, transact }, row);
    await cancelling;

    const after = await stored(id);
    const types = (await world.stores.sent(id)).map(({ type }) => type);
    const isCancelled = after?.status === 'voiding';
    expect(after?.status).toBe(isCancelled ? 'voiding' : 'processing');
    expect(world.executions(id)).toBe(isCancelled ? 0 : 1);
    expect(types.includes('payments.void-requested.v1')).toBe(isCancelled);
    expect(types.includes('payments.payout-submitted.v1')).toBe(!isCancelled);
    won[isCancelled ? 'cancelled' : 'executed'] += 1;
  }
  // Otherwise it was no race.
  expect(won.cancelled).toBeGreaterThan(0);
  expect(won.executed).toBeGreaterThan(0);
}, 120_000);

test('F10: four workers on one row whose lease they all believe to have → one execution', async () => {
  for (let round = 0; round < 10; round++) {
    const id = await reserve();
    const row = await leased(id);
    await Promise.allSettled(Array.from({ length: 4 }, () => submitPayout(world.deps, row)));
    // Losers of the preparation leave nothing but orphans; if all of them lost, the next lease goes on.
    world.advance(60_001);
    await submitPayouts(world.deps);
    expect(world.executions(id)).toBe(1);
    expect(await stored(id)).toMatchObject({ status: 'processing' });
  }
}, 60_000);

test('F10: two workers take different rows, and each row once', async () => {
  const ids = await Promise.all(Array.from({ length: 12 }, reserve));
  for (let run = 0; run < 4; run++) await Promise.all([submitPayouts(world.deps), submitPayouts(world.deps)]);
  for (const id of ids) expect(world.executions(id)).toBe(1);
}, 60_000);
