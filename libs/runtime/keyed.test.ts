import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createKeyed, Overloaded } from './index.ts';

test('work of one key runs one at a time in the order of arrival, work of other keys beside it', async () => {
  const keyed = createKeyed();
  const seen: string[] = [];
  const step = (key: string, n: number) =>
    keyed(key, async () => {
      seen.push(`${key}${n} begins`);
      await setImmediate();
      seen.push(`${key}${n} ends`);
    });
  await Promise.all([step('a', 1), step('a', 2), step('b', 1)]);
  expect(seen.filter((what) => what.startsWith('a'))).toEqual(['a1 begins', 'a1 ends', 'a2 begins', 'a2 ends']);
  expect(seen.indexOf('b1 begins')).toBeLessThan(seen.indexOf('a1 ends'));
});

test('a failure is its own caller’s only', async () => {
  const keyed = createKeyed();
  const failing = keyed('a', () => Promise.reject(new Error('refused')));
  const next = keyed('a', async () => 'done');
  await expect(failing).rejects.toThrow('refused');
  await expect(next).resolves.toBe('done');
});

test('more than the queue holds are refused before their work begins, other keys are not', async () => {
  const keyed = createKeyed({ waitingMax: 1 });
  let worked = 0;
  const work = async () => {
    worked += 1;
    await setImmediate();
  };
  const entered: string[] = [];
  const call = (key: string, n: number) => keyed(key, work, () => entered.push(`${key}${n}`));
  const calling = [call('a', 1), call('a', 2), call('a', 3), call('b', 1)];
  expect(entered, 'at once').toEqual(['a1', 'a2', 'b1']);
  const calls = await Promise.allSettled(calling);
  expect(calls.map((call) => call.status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  expect(calls[2]).toMatchObject({ reason: expect.any(Overloaded) });
  expect(worked).toBe(3);
  await expect(keyed('a', async () => 'room again')).resolves.toBe('room again');
});
