import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serviceNames } from '#libs/contracts';
import { poll } from '#libs/testing';
import { type Rabbit, rabbitmqRoot, startRabbit } from '../../deploy/local/rabbitmq.ts';
import { replay } from '../../deploy/replay/replay.ts';
import { expectStatus } from '../system/client.ts';
import { type System, startSystem } from '../system/start-system.ts';

/** O5, `npm run drill:broker`: the broker is thrown away with messages in it, in the middle of deposits and withdrawals. */
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'piggybank-drill-'));
const root = rabbitmqRoot(path.resolve('.'));
/** Brokers, consumers and a backlog, on a machine that runs other tests beside it. */
const patience = { timeoutMs: 120_000 };
const flows = 6;

let rabbit: Rabbit;
let system: System;
beforeAll(async () => {
  rabbit = await startRabbit({ dir, root });
  const there = { AMQP_URL: rabbit.url };
  const reconciler = { SWEEP_INTERVAL_MS: '200', EARLY_READ_STEPS_MS: '500,500', READ_PAUSE_MS: '1000' };
  system = await startSystem({
    settings: {
      ...{ gateway: there, wallet: there, webhooks: there },
      payments: { ...there, RETRY_MIN_MS: '100', WORKER_INTERVAL_MS: '100' },
      reconciler: { ...there, ...reconciler },
    },
  });
}, 240_000);
afterAll(async () => {
  await system?.close();
  await rabbit?.stop('KILL');
  fs.rmSync(dir, { recursive: true, force: true, maxRetries: 10 });
}, 120_000);

test('O5 F5 I7: a broker is lost with all that it held: published again, every flow ends once, and the books are whole', async () => {
  const since = new Date();
  const client = await system.funded('200.00');
  // Nobody takes the verdicts out of the wallet's queue: the broker has them when it is lost, and nobody else will tell them again.
  const withdrawals: string[] = [];
  for (let n = 0; n < flows; n++) withdrawals.push(expectStatus(await client.withdraw('10.00'), 202).body.id);
  const ofReference = (id: string) => system.simulator.truth().find(({ reference }) => reference === id);
  for (const id of withdrawals) await poll(() => ofReference(id)?.status === 'pending', patience);
  await system.stop('wallet');
  const deposits: string[] = [];
  for (let n = 0; n < flows; n++) deposits.push(expectStatus(await client.deposit('5.00'), 201).body.id);
  for (const reference of deposits) system.simulator.control.pay({ reference });
  for (const reference of withdrawals) system.simulator.control.payoutSucceed({ reference });
  const unpublished = async () => (await system.violations({ atRest: true })).some(({ rule }) => rule.startsWith('I7'));
  await poll(async () => !(await unpublished()), patience);
  const told = async () => (await verdicts()) === 1 + 2 * flows;
  await poll(told, patience);

  await rabbit.stop('KILL');
  fs.rmSync(path.join(dir, 'mnesia'), { recursive: true, force: true, maxRetries: 10 });
  const meanwhile = expectStatus(await client.deposit('7.00'), 201).body.id;
  system.simulator.control.pay({ reference: meanwhile });
  rabbit = await startRabbit({ dir, root, ports: rabbit.ports });
  await system.restart('wallet');
  const statusOf = async (id: string) => (await client.transaction(id)).body.status;
  await poll(async () => (await statusOf(meanwhile)) === 'completed', patience);
  expect(await Promise.all(deposits.map(statusOf)), 'what the broker held is gone').toEqual(
    deposits.map(() => 'pending'),
  );

  for (let times = 0; times < 2; times++)
    for (const service of serviceNames) await replay(system.databases[service].ownerUrl, since);
  for (const id of [...deposits, ...withdrawals])
    await poll(async () => (await statusOf(id)) === 'completed', patience);
  await system.assertPromises(patience);
  expect(await client.balance()).toEqual({ available: '177.00', held: '0.00' });
  expect(await verdicts(), 'nothing was decided anew').toBe(2 + 2 * flows);
}, 600_000);

async function verdicts(): Promise<number> {
  const client = new pg.Client({ connectionString: system.databases.reconciler.ownerUrl });
  await client.connect();
  const { rows } = await client.query<{ n: number }>('SELECT count(*)::int AS n FROM verdicts');
  await client.end();
  return rows[0]?.n ?? 0;
}
