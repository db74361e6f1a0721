import { expect, test } from 'vitest';
import { nextTryAt } from './next-try.ts';

const now = new Date(0);
const timing = { retryMsMin: 100, retryMsMax: 1_000 };
const waitMs = (attempts: number, askedMs?: number) => nextTryAt(now, attempts, timing, askedMs).getTime();

test('F2: each wait is twice the one before, up to the longest', () => {
  expect([1, 2, 3, 4, 5, 60].map((attempts) => waitMs(attempts))).toEqual([100, 200, 400, 800, 1_000, 1_000]);
});

test('F2: what the other side asked for is never undercut', () => {
  expect(waitMs(1, 60_000)).toBe(60_000);
  expect(waitMs(5, 1)).toBe(1_000);
});
