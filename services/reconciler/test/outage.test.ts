import { expect, test } from 'vitest';
import { type FreshRead, noOutage, type SweepDeps, sweep } from '../src/sweep.ts';
import { purchase } from './samples.ts';
import { memoryWorld, newDepositId, purchaseTold } from './worlds.ts';

/** Deposits due to be read, some of which nobody answers for; how often each was asked for. */
async function sweeping(dark: number, bright: number, answer: FreshRead) {
  const memory = memoryWorld();
  const objects = Array.from({ length: dark + bright }, (_, n) => ({ id: `purchase-${n}`, isDark: n < dark }));
  const deposits = new Map(objects.map(({ id }) => [id, newDepositId()]));
  for (const [id, dep] of deposits) await purchaseTold(memory.deps, dep, id);
  memory.time.now = 3_601;
  const asked: string[] = [];
  const deps: SweepDeps = {
    ...memory.deps,
    pageMax: 10,
    concurrencyMax: 4,
    leaseMs: 600_000,
    outage: noOutage(),
    pauseMs: 30_000,
    readProvider: async ({ objectId }) => {
      asked.push(objectId);
      // The others of the page are on their way meanwhile.
      await Promise.resolve();
      if (objects.some(({ id, isDark }) => isDark && id === objectId)) return answer;
      const reference = deposits.get(objectId) ?? '';
      return { kind: 'read', observation: purchase('paid', { object_id: objectId, reference, source: 'read' }) };
    },
  };
  /** In steps of five seconds, as the service does it. */
  const forSeconds = async (seconds: number) => {
    for (const end = memory.time.now + seconds; memory.time.now < end; memory.time.now += 5)
      while ((await sweep(deps)) > 0);
  };
  return { memory, asked, forSeconds };
}

const unanswered = { kind: 'unavailable', retryAfterMs: null } as const;
const unreadable = { kind: 'failed' } as const;

test.each([
  ['no answer', unanswered],
  ['a useless answer', unreadable],
] as const)('F2: an object with %s is read with backoff, and is one case after some reads', async (_what, answer) => {
  const { memory, asked, forSeconds } = await sweeping(1, 0, answer);
  await forSeconds(400);
  expect(asked).toHaveLength(3);
  expect(await memory.cases()).toEqual([]);
  await forSeconds(86_400);
  expect(asked.length).toBeGreaterThan(4);
  expect(asked.length).toBeLessThan(86_400 / 300 + 4);
  expect(await memory.cases()).toMatchObject([{ cause: 'object_unreadable', objectId: 'purchase-0' }]);
});

test.each([
  ['nobody answers for', unanswered],
  ['cannot be read', unreadable],
] as const)('F2: thirty objects that %s do not keep two hundred others from being read', async (_what, answer) => {
  const { memory, forSeconds } = await sweeping(30, 200, answer);
  await forSeconds(600);
  expect(await memory.sent('reconciler.deposit-settled.v1')).toHaveLength(200);
  await forSeconds(3_600);
  expect((await memory.cases()).filter(({ cause }) => cause !== 'object_unreadable')).toEqual([]);
});

test('F2: when nothing answers it is an outage: few reads, and a case for none of those who wait', async () => {
  const { memory, asked, forSeconds } = await sweeping(1_000, 0, unanswered);
  await forSeconds(3_600);
  expect(asked.length).toBeLessThan((4 * 3_600) / 30 + 10);
  expect(await memory.cases()).toEqual([]);
});

test('F2: a named time to wait stops all reads of this process for that long', async () => {
  const { asked, forSeconds } = await sweeping(1_000, 0, { kind: 'unavailable', retryAfterMs: 60_000 });
  await forSeconds(55);
  expect(asked).toHaveLength(4);
  await forSeconds(10);
  expect(asked).toHaveLength(8);
});
