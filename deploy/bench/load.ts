import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** Runs `work` for each number below `count`, `inFlight` of them at any time; the seconds that all of it took. Throws what one threw. */
export async function closedLoop(count: number, inFlight: number, work: (n: number) => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return (performance.now() - startedAt) / 1000;
}

/** The same for a time: each of `inFlight` begins again until it is over, and what is under way then is waited for and counted. */
export async function closedLoopFor<Result>(
  forSeconds: number,
  inFlight: number,
  work: (worker: number) => Promise<Result>,
): Promise<{ ended: Result[]; seconds: number }> {
  const startedAt = performance.now();
  const ended: Result[] = [];
  const worker = async (n: number): Promise<void> => {
    while (performance.now() - startedAt < forSeconds * 1000) ended.push(await work(n));
  };
  await Promise.all(Array.from({ length: inFlight }, (_, n) => worker(n)));
  return { ended, seconds: (performance.now() - startedAt) / 1000 };
}

/**
 * Begins `work` so many times a second, whatever became of those before it: who waits for answers before asking again leaves out just the
 * moments in which a system is slow. Every delay of our own is made up for at once. Resolves when all have ended.
 */
export async function openLoop(
  { count, perSecond }: { count: number; perSecond: number },
  work: (n: number) => Promise<void>,
): Promise<void> {
  const begun: Promise<void>[] = [];
  const startedAt = performance.now();
  for (let n = 0; n < count; n++) {
    const waitMs = startedAt + (n * 1000) / perSecond - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    const each = work(n);
    each.catch(() => undefined); // told below, when all were begun
    begun.push(each);
  }
  await Promise.all(begun);
}

/** The value that this share of all is not above; they need not be sorted. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const found = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (found === undefined) throw new RangeError('nothing was measured');
  return found;
}
