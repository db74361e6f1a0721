import { syncBuiltinESMExports } from 'node:module';
import timersPromises from 'node:timers/promises';
import type { Chance } from './chance.ts';

/** Simulated time, and the timers that wait for it. */
export interface Host {
  nowMs(): number;
  /** Moves time, firing what becomes due in its order. */
  passTo(ms: number): void;
  /** When the next timer is due that fires once. */
  nextDueMs(): number | undefined;
  setTimer(ms: number, run: () => void): void;
  /** Gives the process its own time back. */
  release(): void;
}

interface Timer {
  dueMs: number;
  order: number;
  everyMs: number | null;
  run: () => void;
}

/** Of an interval that fell due a thousand times in one leap only so many are run: rolling windows have ten buckets. */
const CATCH_UP_MAX = 10;

/**
 * Takes over the process's timers, Date.now and Math.random for one schedule, so that the code's own pauses, timeouts and circuit breakers run in
 * simulated time. `setImmediate` stays what it is: the scheduler waits with it for all microtasks.
 */
export function takeHost(startMs: number, chance: Pick<Chance, 'fraction'>): Host {
  let nowMs = startMs;
  let order = 0;
  const timers = new Set<Timer>();
  const real = {
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    setInterval: globalThis.setInterval,
    clearInterval: globalThis.clearInterval,
    now: Date.now,
    random: Math.random,
    sleep: timersPromises.setTimeout,
  };

  const add = (ms: number, everyMs: number | null, run: () => void): Timer & { unref(): unknown; ref(): unknown } => {
    order += 1;
    const timer = { dueMs: nowMs + Math.max(0, ms), order, everyMs, run, unref: () => timer, ref: () => timer };
    timers.add(timer);
    return timer;
  };
  const clear = (otherwise: (handle: never) => void) => (handle: unknown) => {
    if (!timers.delete(handle as Timer) && !isOurs(handle)) otherwise(handle as never);
  };
  const isOurs = (handle: unknown): boolean =>
    handle === undefined || (typeof handle === 'object' && handle !== null && 'dueMs' in handle);

  const simulated = {
    setTimeout: (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => add(ms, null, () => run(...args)),
    setInterval: (run: (...args: unknown[]) => void, ms = 1, ...args: unknown[]) => add(ms, ms, () => run(...args)),
    clearTimeout: clear(real.clearTimeout),
    clearInterval: clear(real.clearInterval),
  };
  Object.assign(globalThis, simulated);
  Date.now = () => nowMs;
  Math.random = chance.fraction;
  const sleep = (ms: number, value: unknown, { signal }: { signal?: AbortSignal } = {}) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const timer = add(ms, null, () => resolve(value));
      signal?.addEventListener('abort', () => {
        timers.delete(timer);
        reject(signal.reason);
      });
    });
  Object.assign(timersPromises, { setTimeout: sleep });
  syncBuiltinESMExports();

  const next = (): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (timer.everyMs !== null) continue;
      if (
        first === undefined ||
        timer.dueMs < first.dueMs ||
        (timer.dueMs === first.dueMs && timer.order < first.order)
      )
        first = timer;
    }
    return first;
  };
  function catchUp(): void {
    for (const timer of timers) {
      if (timer.everyMs === null || timer.dueMs > nowMs) continue;
      const times = Math.min(CATCH_UP_MAX, Math.floor((nowMs - timer.dueMs) / timer.everyMs) + 1);
      timer.dueMs = nowMs + timer.everyMs;
      for (let n = 0; n < times; n++) timer.run();
    }
  }

  return {
    nowMs: () => nowMs,
    nextDueMs: () => next()?.dueMs,
    setTimer: (ms, run) => void add(ms, null, run),
    passTo: (ms) => {
      for (let due = next(); due !== undefined && due.dueMs <= ms; due = next()) {
        nowMs = Math.max(nowMs, due.dueMs);
        catchUp();
        timers.delete(due);
        due.run();
      }
      nowMs = Math.max(nowMs, ms);
      catchUp();
    },
    release: () => {
      const { now, random, sleep: realSleep, ...globals } = real;
      Object.assign(globalThis, globals);
      Date.now = now;
      Math.random = random;
      Object.assign(timersPromises, { setTimeout: realSleep });
      syncBuiltinESMExports();
    },
  };
}
