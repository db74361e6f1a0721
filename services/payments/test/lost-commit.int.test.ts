import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { connectDatabase, type Database, over } from '#libs/db';
import { newUuid } from '#libs/runtime';
import { type TcpProxy, tcpProxy } from '#libs/testing';
import type { Deps } from '../src/deps.ts';
import { entities } from '../src/entities.ts';
import { type PaymentsTx, postgresPaymentsTx } from '../src/payments-tx.ts';
import { submitPayouts } from '../src/withdrawal/submit-payout.ts';
import { logger } from './stores.ts';
import { get, leaseMs, openWorld, post, type User, type World } from './world.ts';

let world: World;
let proxy: TcpProxy;
let throughProxy: Database;
let deps: Deps;
let user: User;

const messages = { source: 'payments', newUuid, now: () => new Date() } as const;

beforeAll(async () => {
  world = await openWorld();
  proxy = await tcpProxy(world.stores.url);
  throughProxy = await connectDatabase({ url: proxy.url, entities, poolMax: 4, applicationName: 'test', logger });
  const transact = over<PaymentsTx>(throughProxy, (sql) => postgresPaymentsTx(sql, messages));
  deps = { ...world.deps, transact };
});
afterAll(async () => {
  await throughProxy?.close();
  await proxy?.close();
  await world?.close();
});
beforeEach(async () => {
  await submitPayouts(world.deps); // what the test before left to do would be counted here
  world.notes.failures.length = 0;
  user = await world.user();
});

/** Loses the answer to the COMMIT of the n-th transaction from now. */
function losingCommit(nth: number): { deps: Deps; lost: () => boolean } {
  let calls = 0;
  let isLost = false;
  const transact: Deps['transact'] = (work, options) =>
    deps.transact(async (tx) => {
      const result = await work(tx);
      calls += 1;
      if (calls === nth) void proxy.loseAnswerTo('COMMIT').then(() => (isLost = true));
      return result;
    }, options);
  return { deps: { ...deps, transact }, lost: () => isLost };
}

const body = () => ({ amount: '10.00', currency: 'ZAR', bank_account_id: user.bankAccountId });

// Of a withdrawal's request: 1 claims the key, 2 takes the wallet's decision.
test.each([1, 2])(
  'F6: the COMMIT of a request’s transaction %i has no answer → the request is answered all the same, once',
  async (nth) => {
    const losing = losingCommit(nth);
    const key = newUuid();
    const first = await post(world.app(losing.deps), '/withdrawals', user, body(), key).expect(202);
    expect(losing.lost()).toBe(true);
    expect((await post(world.app(), '/withdrawals', user, body(), key).expect(202)).text).toBe(first.text);
    expect((await get(world.app(), '/transactions', user)).body.data).toHaveLength(1);
    expect((await world.stores.sent(first.body.id)).map(({ type }) => type)).toEqual([
      'payments.withdrawal-requested.v1',
    ]);
  },
);

// Of the worker: 1 leases, 2 looks for the bank account, 3 keeps the payout, 4 intends, 5 tells what was read.
test('F6: the COMMIT of the intent has no answer → nobody executes, since nobody knows', async () => {
  const { body: withdrawal } = await post(world.app(), '/withdrawals', user, body()).expect(202);
  const losing = losingCommit(4);
  await submitPayouts(losing.deps);
  expect(losing.lost()).toBe(true);
  expect(world.notes.failures).toEqual(['submit_payout retried']);
  world.advance(leaseMs + 1);
  await submitPayouts(deps);
  expect(world.executions(withdrawal.id)).toBe(0);
  const row = await world.stores.transact((tx) => tx.findTransaction(withdrawal.id));
  expect(row).toMatchObject({ status: 'processing', nextStep: null });
});

test('F6: the COMMIT of the prepared payout has no answer → it is found again, and executed once', async () => {
  const { body: withdrawal } = await post(world.app(), '/withdrawals', user, body()).expect(202);
  const losing = losingCommit(3);
  await submitPayouts(losing.deps);
  expect(losing.lost()).toBe(true);
  expect(world.executions(withdrawal.id)).toBe(1);
});
