import { expect, test } from 'vitest';
import { type BlockTaken, blockCounter } from './block-counter.ts';

let nowMs = 0;
const clock = { now: () => new Date(nowMs), monotonicMs: () => nowMs };

/** A shared counter of `max` per second, and how often it was asked. */
function shared(max: number) {
  let used = 0;
  let endsAtMs = 0;
  const counter = {
    statements: 0,
    take: async (_key: string, points: number): Promise<BlockTaken> => {
      counter.statements += 1;
      await Promise.resolve();
      if (nowMs >= endsAtMs) [used, endsAtMs] = [0, nowMs + 1000];
      used += points;
      const allowed = used <= max;
      return {
        allowed,
        remaining: Math.max(0, max - used),
        resetMs: endsAtMs - nowMs,
        firstRefusal: !allowed && used - points <= max,
      };
    },
  };
  return counter;
}
const allowedOf = async (takes: Promise<BlockTaken>[]) =>
  (await Promise.all(takes)).filter(({ allowed }) => allowed).length;

test.each([100, 97, 5, 60])('A5: of 300 at once on two replicas, exactly %i are let through', async (max) => {
  const counter = shared(max);
  const replicas = [blockCounter(counter.take, clock, { max }), blockCounter(counter.take, clock, { max })] as const;
  expect(await allowedOf(Array.from({ length: 300 }, (_, i) => replicas[i % 2 === 0 ? 0 : 1]('u')))).toBe(max);
});

test('A5: a hundred requests one after the other take ten statements, and say what is left', async () => {
  const counter = shared(100);
  const take = blockCounter(counter.take, clock, { max: 100 });
  const left: number[] = [];
  for (let i = 0; i < 100; i++) left.push((await take('u')).remaining);
  expect(counter.statements).toBe(10);
  expect(left).toEqual(Array.from({ length: 100 }, (_, i) => 99 - i));
  expect(await take('u')).toMatchObject({ allowed: false, firstRefusal: true });
});

test('A5: a new window begins for everybody, whatever is left of a block', async () => {
  const counter = shared(10);
  const take = blockCounter(counter.take, clock, { max: 10 });
  for (let i = 0; i < 10; i++) await take('u');
  expect((await take('u')).allowed).toBe(false);
  nowMs += 1000;
  expect(await allowedOf(Array.from({ length: 30 }, () => take('u')))).toBe(10);
});
