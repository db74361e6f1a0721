import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { poll } from '#libs/testing';
import { type Client, expectStatus } from './system/client.ts';
import { type System, startSystem } from './system/start-system.ts';

/** R2 F8: every webhook is lost. What the sweep reads at Revio ends everything all the same. */
let system: System;

beforeAll(async () => {
  system = await startSystem({
    settings: {
      reconciler: {
        SWEEP_INTERVAL_MS: '100',
        DEPOSIT_READ_AFTER_MS: '1000',
        WITHDRAWAL_READ_AFTER_MS: '1000',
        EARLY_READ_STEPS_MS: '500,500',
        READ_STEPS_MS: '500,500',
      },
    },
  });
  system.simulator.control.faults.add({ event: '*', kind: 'drop', count: 'all' });
});
afterEach(() => system.assertPromises());
afterAll(() => system.close());

const ends = (client: Client, id: string, status: string) =>
  poll(async () => (await client.transaction(id)).body.status === status, { timeoutMs: 30_000 });

test('R2 M1 M2 M3: a deposit, a withdrawal that succeeds and one that the bank refuses end without any webhook', async () => {
  const client = await system.signUp();
  const deposit = expectStatus(await client.deposit('150.00'), 201).body;
  system.simulator.control.pay({ reference: deposit.id });
  await ends(client, deposit.id, 'completed');
  const [paid, refused] = await Promise.all([client.withdraw('60.00'), client.withdraw('20.00')]);
  for (const { body } of [paid, refused]) {
    await poll(() => system.simulator.truth().some((row) => row.reference === body.id && row.status === 'pending'));
  }
  system.simulator.control.payoutSucceed({ reference: paid.body.id });
  system.simulator.control.payoutFail({ reference: refused.body.id });
  await ends(client, paid.body.id, 'completed');
  await ends(client, refused.body.id, 'failed');
  expect(await client.balance()).toEqual({ available: '90.00', held: '0.00' });
});

test('R2 M1: a checkout that nobody pays expires without any webhook', async () => {
  const client = await system.signUp();
  const { body } = expectStatus(await client.deposit('10.00'), 201);
  system.simulator.control.expire({ reference: body.id });
  await ends(client, body.id, 'expired');
});
