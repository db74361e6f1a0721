import { expect, test } from 'vitest';
import { createBudget } from './budget.ts';

test('W1: so many per minute, and again in the next one', () => {
  let nowMs = 0;
  const budget = createBudget({ now: () => new Date(nowMs), monotonicMs: () => nowMs }, 2);
  expect([budget.take(), budget.take(), budget.take()]).toEqual([true, true, false]);
  nowMs = 60_000;
  expect([budget.take(), budget.take(), budget.take()]).toEqual([true, true, false]);
});
