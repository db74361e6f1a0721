import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createLogger, currentContext, runInContext, startLoop } from './index.ts';

const silent = createLogger({ name: 'test', level: 'silent' });
const never = 2 ** 31 - 1;

/** Resolves when `reached` is called for the n-th time. */
function nth(n: number) {
  let calls = 0;
  let resolve = (): void => undefined;
  const done = new Promise<void>((ended) => {
    resolve = ended;
  });
  const reached = (): void => {
    calls += 1;
    if (calls === n) resolve();
  };
  return { done, reached };
}

test('a loop runs at once and again at once while there is work, then rests', async () => {
  const backlog = [3, 2, 1, 0];
  const four = nth(4);
  const loop = startLoop({
    name: 'x',
    intervalMs: never,
    logger: silent,
    runOnce: async () => {
      four.reached();
      return backlog.shift() ?? 0;
    },
  });
  await four.done;
  await loop.stop();
  expect(backlog).toEqual([]);
});

test('a loop never runs beside itself, and any number of wakes during a run are one more run', async () => {
  let running = 0;
  let runs = 0;
  const first = nth(1);
  const second = nth(2);
  let goOn = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const loop = startLoop({
    name: 'x',
    intervalMs: never,
    logger: silent,
    runOnce: async () => {
      running += 1;
      runs += 1;
      expect(running).toBe(1);
      first.reached();
      second.reached();
      if (runs === 1) await held;
      running -= 1;
    },
  });
  await first.done;
  for (let n = 0; n < 100; n += 1) loop.wake();
  goOn();
  await second.done;
  await loop.stop();
  expect(runs).toBe(2);
});

test('a failing loop tells each failure and heals by itself', async () => {
  const failures: unknown[] = [];
  const healed = nth(1);
  const loop = startLoop({
    name: 'x',
    intervalMs: never,
    logger: silent,
    onError: (error) => void failures.push(error),
    runOnce: async () => {
      if (failures.length < 2) throw new Error('down');
      healed.reached();
    },
  });
  await healed.done;
  await loop.stop();
  expect(failures).toHaveLength(2);
});

test('O2: stop aborts the signal of the present run, waits for it, and begins no other', async () => {
  let ended = false;
  const begun = nth(1);
  const loop = startLoop({
    name: 'x',
    intervalMs: 1,
    logger: silent,
    runOnce: async (signal) => {
      begun.reached();
      await sleep(never, undefined, { signal }).catch(() => undefined);
      ended = true;
      return 1;
    },
  });
  await begun.done;
  await loop.stop();
  expect(ended).toBe(true);
});

test('a loop that a request starts or wakes is no part of that request: neither its id nor its deadline reach the work', async () => {
  const seen: object[] = [];
  const [first, third] = [nth(1), nth(3)];
  const request = { requestId: 'req-12345678', correlationId: 'wd_1', deadlineAtMs: 1 };
  const loop = runInContext(request, () =>
    startLoop({
      name: 'x',
      intervalMs: never,
      logger: silent,
      runOnce: async () => {
        seen.push(currentContext());
        first.reached();
        third.reached();
        await sleep(1); // so that the second wake comes during a run, or after it
      },
    }),
  );
  await first.done;
  runInContext(request, () => loop.wake());
  while (seen.length < 2) await sleep(1);
  runInContext(request, () => loop.wake());
  await third.done;
  await loop.stop();
  expect(seen.map((context) => Object.keys(context))).toEqual([['traceparent'], ['traceparent'], ['traceparent']]);
});

test('an interval that a timer cannot hold is refused: it would fire without end', () => {
  expect(() => startLoop({ name: 'x', intervalMs: 2 ** 31, logger: silent, runOnce: async () => 0 })).toThrow(
    RangeError,
  );
});
