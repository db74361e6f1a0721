import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { poll } from '#libs/testing';
import { type Client, expectStatus } from './system/client.ts';
import { type System, startSystem } from './system/start-system.ts';

/** F2 F3: the provider's answers are lost, late, wrong or forbidden, after their effect or before it. */
let system: System;

beforeAll(async () => {
  system = await startSystem({
    settings: {
      payments: { REVIO_TIMEOUT_MS: '1500', RETRY_MIN_MS: '100', PROVIDER_PAUSE_MS: '200', WORKER_INTERVAL_MS: '100' },
      reconciler: { SWEEP_INTERVAL_MS: '100', EARLY_READ_STEPS_MS: '500,500', READ_PAUSE_MS: '200' },
    },
  });
});
beforeEach(() => system.simulator.control.faults.clear());
afterEach(() => system.assertPromises());
afterAll(() => system.close());

const ends = (client: Client, id: string, status: string) =>
  poll(async () => (await client.transaction(id)).body.status === status, { timeoutMs: 30_000 });
const payoutsOf = (reference: string) =>
  system.simulator.truth().filter((row) => row.kind === 'payout' && row.reference === reference);
const executions = () => system.simulator.control.requests().counts['POST /po/{id}/bank/'] ?? 0;
type Fault =
  | 'effect_then_drop'
  | 'reset'
  | '500_after_effect'
  | 'garbage_after_effect'
  | '409_after_effect'
  | '500'
  | '429'
  | 'garbage';
const fault = (route: string, kind: Fault) => system.simulator.control.faults.add({ route, kind });

test.each(['effect_then_drop', '500_after_effect', 'garbage_after_effect', '409_after_effect'] as const)(
  'F3 M3: execute whose answer is %s: the hold stays, one payout, executed once, completed after the read',
  async (kind) => {
    const client = await system.funded('60.00');
    const before = executions();
    fault('POST /po/{id}/bank/', kind);
    const { body } = expectStatus(await client.withdraw('60.00'), 202);
    await poll(() => payoutsOf(body.id).some((row) => row.status === 'pending'));
    expect(await client.balance()).toEqual({ available: '0.00', held: '60.00' });
    system.simulator.control.payoutSucceed({ reference: body.id });
    await ends(client, body.id, 'completed');
    expect(executions() - before).toBe(1);
    expect(payoutsOf(body.id)).toHaveLength(1);
  },
);

test('F3 M3: execute that never arrived is not sent again; the hold stays until the window is over', async () => {
  const client = await system.funded('60.00');
  const before = executions();
  fault('POST /po/{id}/bank/', 'reset');
  const { body } = expectStatus(await client.withdraw('60.00'), 202);
  await ends(client, body.id, 'processing');
  await poll(() => (system.simulator.control.requests().counts['GET /payouts/{id}/'] ?? 0) > 3);
  expect(await client.balance()).toEqual({ available: '0.00', held: '60.00' });
  expect(executions() - before).toBe(1);
  // Nobody else may know: had it been executed after all, this is what the next read would show.
  system.simulator.control.faults.clear();
  await executeByHand(body.id);
  system.simulator.control.payoutSucceed({ reference: body.id });
  await ends(client, body.id, 'completed');
});

/** As a lost request that arrives late at the bank: the simulator takes it within its window. */
async function executeByHand(reference: string): Promise<void> {
  const [payout] = system.simulator.control.objects({ reference });
  const { execution_url } = payout as { execution_url: string };
  const response = await fetch(execution_url, {
    method: 'POST',
    headers: { authorization: `Bearer ${system.simulator.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      payout_type: 'bank',
      bank_code: '250655',
      bank_account_name: 'T MOKOENA',
      bank_account_number: '62000000001',
    }),
  });
  expect(response.status).toBe(200);
}

test.each(['effect_then_drop', '500_after_effect', 'garbage_after_effect', 'reset', '500', '429', 'garbage'] as const)(
  'F2 F3: creating a payout answered by %s is repeated, and one payout is executed',
  async (kind) => {
    const client = await system.funded('60.00');
    const before = executions();
    fault('POST /payouts/', kind);
    const { body } = expectStatus(await client.withdraw('60.00'), 202);
    await poll(() => payoutsOf(body.id).some((row) => row.status === 'pending'));
    system.simulator.control.payoutSucceed({ reference: body.id });
    await ends(client, body.id, 'completed');
    expect(executions() - before).toBe(1);
    expect(payoutsOf(body.id).filter((row) => row.status === 'success')).toHaveLength(1);
  },
);

test.each(['effect_then_drop', '500_after_effect', 'garbage_after_effect', 'reset', '500', '429', 'garbage'] as const)(
  'F2 F3: creating a purchase answered by %s: the deposit gets its checkout URL later, and is credited once',
  async (kind) => {
    const client = await system.signUp();
    fault('POST /purchases/', kind);
    const { body } = expectStatus(await client.deposit('60.00'), 201, 202);
    await poll(async () => (await client.transaction(body.id)).body.checkout_url);
    system.simulator.control.pay({ reference: body.id });
    await ends(client, body.id, 'completed');
    expect(await client.balance()).toEqual({ available: '60.00', held: '0.00' });
  },
);

test('F3 M2: a refused hold whose answer was lost, then topped up, then asked again: still refused', async () => {
  const client = await system.signUp();
  const lost = system.toWallet.loseAnswerTo('POST /holds');
  const answer = client.withdraw('60.00');
  await lost;
  await system.toWallet.down(); // before the client's second try, which would be told
  const { body } = expectStatus(await answer, 202);
  expect(body.status).toBe('pending');
  expect(await decisionsOn(body.id)).toEqual([{ refusal: 'insufficient_funds' }]);

  const deposit = (await client.deposit('60.00')).body;
  system.simulator.control.pay({ reference: deposit.id });
  await ends(client, deposit.id, 'completed');
  await system.toWallet.up();
  await ends(client, body.id, 'failed');
  expect((await client.transaction(body.id)).body).toMatchObject({ status: 'failed', reason: 'insufficient_funds' });
  expect(await client.balance()).toEqual({ available: '60.00', held: '0.00' });
});

/** What the wallet has written down, whoever has heard of it. */
async function decisionsOn(transactionId: string): Promise<object[]> {
  const books = new pg.Client({ connectionString: system.databases.wallet.ownerUrl });
  await books.connect();
  try {
    return (await books.query('SELECT refusal FROM holds WHERE transaction_id = $1', [transactionId])).rows;
  } finally {
    await books.end();
  }
}

test('M2 F1: cancelling races the payout over the whole system: one wins each time, never both a void and a payout', async () => {
  // The race itself is run two hundred times in services/payments/test/races.int.test.ts, at ten times the pace.
  const races = 60;
  const client = await system.funded('60.00');
  const outcomes = { cancelled: 0, completed: 0 };
  for (let round = 0; round < races / 20; round++) {
    const withdrawals = await Promise.all(Array.from({ length: 20 }, () => client.withdraw('1.00')));
    await Promise.all(
      withdrawals.map(async ({ body }) => {
        const cancel = await client.cancel(body.id);
        expectStatus(cancel, 202, 409);
        if (cancel.status === 202) {
          await ends(client, body.id, 'cancelled');
          expect(payoutsOf(body.id).filter((row) => row.status !== 'initialized')).toEqual([]);
          outcomes.cancelled += 1;
        } else {
          await poll(() => payoutsOf(body.id).some((row) => row.status === 'pending'));
          system.simulator.control.payoutSucceed({ reference: body.id });
          await ends(client, body.id, 'completed');
          outcomes.completed += 1;
        }
      }),
    );
  }
  expect(outcomes.cancelled + outcomes.completed).toBe(races);
  expect(await client.balance()).toEqual({ available: `${races - outcomes.completed}.00`, held: '0.00' });
}, 180_000);
