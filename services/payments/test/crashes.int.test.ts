import { afterAll, beforeAll, expect, test } from 'vitest';
import { newUuid } from '#libs/runtime';
import { resumeDeposits } from '../src/deposit/resume-deposits.ts';
import type { Deps } from '../src/deps.ts';
import { resumeHolds } from '../src/withdrawal/place-hold.ts';
import { submitPayouts } from '../src/withdrawal/submit-payout.ts';
import { get, leaseMs, openWorld, post, type User, type World } from './world.ts';

let world: World;
let user: User;
beforeAll(async () => {
  world = await openWorld();
  user = await world.user();
});
afterAll(() => world?.close());

/** No flow crosses as many borders; one that does has grown past what these tests were written for. */
const bordersMax = 60;

/**
 * The same deps in a process that dies at its n-th border: before or after any transaction or call to another system. What was done
 * by then is done, what would come after never is.
 */
function dyingAt(border: number, deps: Deps): { deps: Deps; died: () => boolean } {
  let crossed = 0;
  let isDead = false;
  const cross = () => {
    crossed += 1;
    if (crossed >= border) isDead = true;
    if (isDead) throw new Error('killed');
  };
  const mortal =
    <Args extends unknown[], R>(call: (...args: Args) => Promise<R>) =>
    async (...args: Args): Promise<R> => {
      cross();
      const result = await call(...args);
      cross();
      return result;
    };
  const { provider, wallet, transact } = deps;
  const mortalTransact: Deps['transact'] = async (work, options) => {
    cross();
    const result = await transact(work, options);
    cross();
    return result;
  };
  return {
    died: () => isDead,
    deps: {
      ...deps,
      transact: mortalTransact,
      wallet: { placeHold: mortal(wallet.placeHold) },
      provider: {
        createPurchase: mortal(provider.createPurchase),
        cancelPurchase: mortal(provider.cancelPurchase),
        createPayout: mortal(provider.createPayout),
        executePayout: mortal(provider.executePayout),
        readPurchase: mortal(provider.readPurchase),
        readPayout: mortal(provider.readPayout),
      },
    },
  };
}

const runWorkers = async (deps: Deps) => {
  await resumeDeposits(deps);
  await resumeHolds(deps);
  await submitPayouts(deps);
};

/** Runs `flow` dying at each border in turn, then what heals it, until one run was never killed. Returns how often it died. */
async function atEveryBorder(flow: (deps: Deps) => Promise<unknown>, heal: () => Promise<void>): Promise<number> {
  for (let border = 1; border <= bordersMax; border++) {
    const { deps, died } = dyingAt(border, world.deps);
    await flow(deps).catch(() => undefined);
    if (!died()) return border - 1;
    for (let run = 0; run < 3; run++) {
      world.advance(leaseMs + 1);
      await runWorkers(world.deps);
    }
    await heal();
  }
  throw new Error('too many borders');
}

test('F4: a deposit whose process dies at any border gets one checkout page, and its repeat the same answer', async () => {
  const body = { amount: '10.00', currency: 'ZAR' };
  let key = newUuid();
  const deaths = await atEveryBorder(
    async (deps) => {
      key = newUuid();
      await post(world.app(deps), '/deposits', user, body, key).expect(201);
    },
    async () => {
      const answer = await post(world.app(), '/deposits', user, body, key).expect(201);
      const { body: shown } = await get(world.app(), `/transactions/${answer.body.id}`, user);
      expect(answer.body.checkout_url).toBe(shown.checkout_url);
      const created = (await world.stores.sent(answer.body.id)).filter(({ type }) => type.includes('purchase-created'));
      expect(created).toHaveLength(1);
      expect((await post(world.app(), '/deposits', user, body, key).expect(201)).text).toBe(answer.text);
    },
  );
  expect(deaths).toBeGreaterThan(5);
}, 60_000);

test('F4: a withdrawal whose process dies at any border is held once and executed at most once', async () => {
  const body = { amount: '10.00', currency: 'ZAR', bank_account_id: user.bankAccountId };
  let key = newUuid();
  const ended = { executed: 0, leftToTheReader: 0 };
  const deaths = await atEveryBorder(
    async (deps) => {
      key = newUuid();
      await post(world.app(deps), '/withdrawals', user, body, key).expect(202);
      await submitPayouts(deps);
    },
    async () => {
      const { body: answered } = await post(world.app(), '/withdrawals', user, body, key).expect(202);
      await runWorkers(world.deps);
      const row = await world.stores.transact((tx) => tx.findTransaction(answered.id));
      expect(row).toMatchObject({ status: 'processing', nextStep: null });
      const executions = world.executions(answered.id);
      expect(executions).toBeLessThanOrEqual(1);
      ended[executions === 1 ? 'executed' : 'leftToTheReader'] += 1;
      // Only the payout of the intent was ever executed, and its intent was told before.
      const moved = world.simulator.control
        .objects({ reference: answered.id })
        .filter((o) => o.status !== 'initialized');
      expect(moved.map(({ id }) => id)).toEqual(executions === 1 ? [row?.payoutId] : []);
      const submitted = (await world.stores.sent(answered.id)).filter(({ type }) => type.includes('payout-submitted'));
      expect(submitted).toHaveLength(1);
      expect(submitted[0]?.data).toMatchObject({ payout_id: row?.payoutId });
    },
  );
  expect(deaths).toBeGreaterThan(15);
  // Dying between intent and execute, and only there, leaves an unexecuted one: nobody may try again.
  expect(ended.leftToTheReader).toBe(2);
}, 120_000);
