import { expect, test } from 'vitest';
import { batchCounter } from './batch-counter.ts';

/** A window that never ends, and how often it was asked. */
function shared() {
  const counter = {
    used: 0,
    statements: 0,
    take: async (points: number) => {
      counter.statements += 1;
      counter.used += points;
      const { used } = counter;
      await Promise.resolve();
      return { allowed: true, used, remaining: 0, resetMs: 1000, firstRefusal: false };
    },
  };
  return counter;
}

test('A5: of a thousand at once on two replicas each has a place of its own, after a handful of statements', async () => {
  const counter = shared();
  const replicas = [batchCounter(counter.take), batchCounter(counter.take)] as const;
  const counted = await Promise.all(Array.from({ length: 1000 }, (_, i) => replicas[i % 3 === 0 ? 0 : 1]()));
  expect(counted.map(({ nth }) => nth).sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
  expect(counter.statements).toBe(4);
});

test('A5: a failure is told to those who were counted with it, and the next one is counted anew', async () => {
  const counter = shared();
  let fails = true;
  const count = batchCounter((points) => (fails ? Promise.reject(new Error('down')) : counter.take(points)));
  const refused = await Promise.allSettled([count(), count(), count()]);
  expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  fails = false;
  expect(await count()).toEqual({ nth: 1, resetMs: 1000 });
});
