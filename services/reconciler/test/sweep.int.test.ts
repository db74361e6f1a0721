import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { noOutage, type SweepDeps, sweep } from '../src/sweep.ts';
import { purchase } from './samples.ts';
import { newDepositId, type PostgresWorld, postgresWorld, purchaseTold } from './worlds.ts';

let world: PostgresWorld;
beforeEach(async () => {
  world = await postgresWorld();
});
afterEach(() => world?.close());

const outcomes = async (transactionId: string) => (await world.verdicts(transactionId)).map(({ outcome }) => outcome);

/** Objects of fresh deposits, due to be read after one hour, and a sweeper that says what it read. */
async function dueDeposits(count: number) {
  const deposits = Array.from({ length: count }, () => ({ dep: newDepositId(), object: randomUUID() }));
  world.time.now = 0;
  for (const { dep, object } of deposits) await purchaseTold(world.deps, dep, object);
  world.time.now = 3_601;
  const asked: string[] = [];
  const sweeper = (deps: typeof world.deps, changed: Partial<SweepDeps> = {}): SweepDeps => ({
    ...deps,
    pageMax: 5,
    concurrencyMax: 2,
    leaseMs: 60_000,
    outage: noOutage(),
    pauseMs: 10_000,
    readProvider: async ({ objectId }) => {
      asked.push(objectId);
      const dep = deposits.find(({ object }) => object === objectId)?.dep ?? '';
      const observation = purchase('paid', { object_id: objectId, reference: dep, source: 'read' });
      return { kind: 'read', observation };
    },
    ...changed,
  });
  return { deposits, asked, sweeper };
}

test('R2 R6: what a killed sweeper had taken is read after its lease, by another', async () => {
  const { deposits, asked, sweeper } = await dueDeposits(8);
  const dying = sweep(
    sweeper(world.deps, {
      readProvider: () => {
        throw new Error('killed');
      },
    }),
  );
  await expect(dying).rejects.toThrow('killed');
  expect(await sweep(sweeper(world.replica))).toBe(3);
  expect(await sweep(sweeper(world.replica))).toBe(0);
  world.time.now += 61;
  expect(await sweep(sweeper(world.replica))).toBe(5);
  expect(asked.toSorted()).toEqual(deposits.map(({ object }) => object).toSorted());
  for (const { dep } of deposits) expect(await outcomes(dep)).toEqual(['settled']);
});

test('F10: two sweepers share the work and read nothing twice', async () => {
  const { deposits, asked, sweeper } = await dueDeposits(20);
  const [one, two] = [sweeper(world.deps), sweeper(world.replica)];
  while ((await Promise.all([sweep(one), sweep(two)])).some((done) => done > 0));
  expect(asked.toSorted()).toEqual(deposits.map(({ object }) => object).toSorted());
});

test('F2: while Revio cannot be asked the sweep pauses, politely, and then goes on', async () => {
  const { deposits, asked, sweeper } = await dueDeposits(5);
  let refused = 0;
  const down = sweeper(world.deps, {
    concurrencyMax: 1,
    readProvider: async () => {
      refused += 1;
      return { kind: 'unavailable', retryAfterMs: 30_000 };
    },
  });
  expect(await sweep(down)).toBe(0);
  expect(await sweep(down)).toBe(0);
  expect(refused).toBe(1);
  world.time.now += 31;
  expect(await sweep(sweeper(world.deps))).toBe(4);
  world.time.now += 31;
  expect(await sweep(sweeper(world.deps))).toBe(1);
  expect(asked).toHaveLength(5);
  for (const { dep } of deposits) expect(await outcomes(dep)).toEqual(['settled']);
});

test('O2: a sweeper that is stopped gives back what it has not read', async () => {
  const { sweeper } = await dueDeposits(5);
  const stopping = new AbortController();
  const last = sweeper(world.deps, { concurrencyMax: 1 });
  const stopped = await sweep(
    {
      ...last,
      readProvider: (due) => {
        stopping.abort();
        return last.readProvider(due);
      },
    },
    stopping.signal,
  );
  expect(stopped).toBe(1);
  expect(await sweep(sweeper(world.replica))).toBe(4);
});
