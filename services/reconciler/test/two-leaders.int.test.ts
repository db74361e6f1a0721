import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Observation } from '#libs/contracts';
import { acquireLease } from '#libs/db';
import { poll } from '#libs/testing';
import { rematch } from '../src/rematch.ts';
import { type FreshRead, noOutage, sweep } from '../src/sweep.ts';
import { at, payout, purchase } from './samples.ts';
import {
  newDepositId,
  newWithdrawalId,
  observed,
  type PostgresWorld,
  payoutTold,
  postgresWorld,
  purchaseTold,
} from './worlds.ts';

/**
 * R6 F10: two reconcilers on one database, one of which stands still in the middle of its work for longer than its lease and goes on
 * later, knowing nothing of what the other did meanwhile. Nobody checks a fencing number: what is decided stays decided once.
 */
let world: PostgresWorld;
beforeEach(async () => {
  world = await postgresWorld();
});
afterEach(() => world?.close());

function gate(): { open: () => void; opened: Promise<void> } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

/** A sweep whose read was answered before it stood still: `wake` lets it go on with that old answer. */
function standingStill(answer: Observation) {
  const [asked, sleep] = [gate(), gate()];
  const ended = sweeping(world.deps, async () => {
    asked.open();
    await sleep.opened;
    return { kind: 'read', observation: answer };
  });
  return { asked: asked.opened, wake: sleep.open, ended };
}

const sweeping = (deps: PostgresWorld['deps'], readProvider: () => Promise<FreshRead>): Promise<number> =>
  sweep({ ...deps, pageMax: 5, concurrencyMax: 1, leaseMs: 60_000, outage: noOutage(), pauseMs: 10_000, readProvider });

const other = (observation: Observation) => sweeping(world.replica, async () => ({ kind: 'read', observation }));

const seenAt = (seconds: number) => ({
  source: 'read' as const,
  observed_at: at(seconds).toISOString(),
  provider_date: at(seconds).toISOString(),
});

test('R6 M3: a sweeper that slept over its lease with "never executed" in hand releases nothing that was settled meanwhile', async () => {
  const [wd, object_id] = [newWithdrawalId(), randomUUID()];
  await payoutTold(world.deps, wd, object_id);
  const of = { object_id, reference: wd };
  world.time.now = 1_300;
  const sleeper = standingStill(payout('initialized', { ...of, ...seenAt(1_300), updated_on: at(0).toISOString() }, 0));
  await sleeper.asked;
  world.time.now += 61;
  expect(await other(payout('success', { ...of, ...seenAt(1_361) }, 1_310))).toBe(1);
  sleeper.wake();
  expect(await sleeper.ended).toBe(1);
  expect((await world.verdicts(wd)).map(({ outcome }) => outcome)).toEqual(['settled']);
  expect(await world.sent('reconciler.payout-settled.v1')).toHaveLength(1);
  expect(await world.sent('reconciler.payout-failed.v1')).toEqual([]);
  expect(await world.cases()).toEqual([]);
});

test('R6 I8: the same, and meanwhile it was only seen to move: people decide, nothing is released', async () => {
  const [wd, object_id] = [newWithdrawalId(), randomUUID()];
  await payoutTold(world.deps, wd, object_id);
  const of = { object_id, reference: wd };
  world.time.now = 1_300;
  const sleeper = standingStill(payout('initialized', { ...of, ...seenAt(1_300), updated_on: at(0).toISOString() }, 0));
  await sleeper.asked;
  world.time.now += 61;
  expect(await other(payout('pending', { ...of, ...seenAt(1_361) }, 1_310))).toBe(1);
  sleeper.wake();
  await sleeper.ended;
  expect(await world.verdicts(wd)).toEqual([]);
  expect((await world.cases()).map(({ cause }) => cause)).toEqual(['unknown_outcome']);
});

test('R6 M6: two sweepers with the same answer, one of them an hour late: one credit', async () => {
  const [dep, object_id] = [newDepositId(), randomUUID()];
  await purchaseTold(world.deps, dep, object_id);
  const paid = purchase('paid', { object_id, reference: dep, ...seenAt(3_700) }, 3_650);
  world.time.now = 3_700;
  const sleeper = standingStill(paid);
  await sleeper.asked;
  world.time.now += 61;
  expect(await other(paid)).toBe(1);
  world.time.now += 3_600;
  sleeper.wake();
  await sleeper.ended;
  expect((await world.verdicts(dep)).map(({ slot }) => slot)).toEqual(['credit']);
  expect(await world.sent('reconciler.deposit-settled.v1')).toHaveLength(1);
});

test('R6 W7: a leader that slept over its lease and its successor report what nobody expects once', async () => {
  const object_id = randomUUID();
  await observed(world.deps, purchase('paid', { object_id, reference: 'of nobody' }));
  world.time.now = 100_000;
  const [led, sleep] = [gate(), gate()];
  const leadership = (holder: string, ttlMs: number) => async () =>
    (await acquireLease(world.db.read, 'rematch', holder, ttlMs)) !== null;
  const settings = { retryAfterMs: 60_000, unmatchedAfterMs: 86_400_000 };
  const first = rematch({
    ...world.deps,
    ...settings,
    holdsLease: async () => {
      const leads = await leadership('first', 100)();
      led.open();
      await sleep.opened;
      return leads;
    },
  });
  await led.opened;
  const successor = leadership('second', 60_000);
  await poll(successor);
  await rematch({ ...world.replica, ...settings, holdsLease: successor });
  sleep.open();
  await first;
  expect((await world.cases()).map(({ cause }) => cause)).toEqual(['unmatched_object']);
  expect(await world.sent('reconciler.case-opened.v1')).toHaveLength(1);
  expect(await leadership('first', 100)()).toBe(false);
});
