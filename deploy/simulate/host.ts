import { AsyncLocalStorage } from 'node:async_hooks';
import crypto from 'node:crypto';
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

/** What a schedule takes over. */
interface Guest {
  nowMs(): number;
  fraction(): number;
  bytes(size: number): Buffer;
  add(ms: number, everyMs: number | null, run: () => void): Handle;
  /** Whether it was one of its own. */
  clear(handle: unknown): boolean;
}
type Handle = Timer & { unref(): unknown; ref(): unknown };

/** Whose time it is; nobody's outside of schedules, where everything is as ever. */
let guest: Guest | undefined;
takeOver();

/**
 * Takes over the process's timers, Date.now and all its chance for one schedule, so that the code's own pauses, timeouts and circuit breakers
 * run in simulated time and the same seed gives the same bytes.
 */
export function takeHost(startMs: number, chance: Pick<Chance, 'fraction'>): Host {
  let nowMs = startMs;
  let order = 0;
  const timers = new Set<Timer>();

  const add: Guest['add'] = (ms, everyMs, run) => {
    order += 1;
    const timer = { dueMs: nowMs + Math.max(0, ms), order, everyMs, run, unref: () => timer, ref: () => timer };
    timers.add(timer);
    return timer;
  };
  const isOurs = (handle: unknown): boolean =>
    handle === undefined || (typeof handle === 'object' && handle !== null && 'dueMs' in handle);
  guest = {
    nowMs: () => nowMs,
    fraction: chance.fraction,
    // Of trace ids and initialisation vectors: counted, not drawn.
    bytes: (size) => {
      const made = Buffer.alloc(size, 1);
      order += 1;
      made.writeUInt32BE(order, size - 4);
      return made;
    },
    add,
    clear: (handle) => timers.delete(handle as Timer) || isOurs(handle),
  };

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
      guest = undefined;
    },
  };
}

/** Once, and for good: to put builtins back and forth between schedules takes longer than many of their steps. */
function takeOver(): void {
  const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;
  const { now } = Date;
  const { random } = Math;
  const { setTimeout: sleep } = timersPromises;
  const { randomBytes } = crypto;
  type Run = (...args: unknown[]) => void;
  const later = (run: Run, ms = 0, ...args: unknown[]) =>
    guest === undefined ? setTimeout(run, ms, ...args) : guest.add(ms, null, () => run(...args));
  Object.assign(globalThis, {
    // With what `promisify` looks for.
    setTimeout: Object.defineProperties(later, Object.getOwnPropertyDescriptors(setTimeout)),
    setInterval: (run: Run, ms = 1, ...args: unknown[]) =>
      guest === undefined ? setInterval(run, ms, ...args) : guest.add(ms, ms, () => run(...args)),
    clearTimeout: (handle: never) => void (guest?.clear(handle) || clearTimeout(handle)),
    clearInterval: (handle: never) => void (guest?.clear(handle) || clearInterval(handle)),
  });
  Date.now = () => guest?.nowMs() ?? now();
  Math.random = () => guest?.fraction() ?? random();
  Object.assign(timersPromises, {
    setTimeout: (ms: number, value: unknown, options: { signal?: AbortSignal } = {}) =>
      guest === undefined ? sleep(ms, value, options) : sleepOf(guest, ms, value, options.signal),
  });
  Object.assign(crypto, {
    randomBytes: (size: number, ...told: []) => guest?.bytes(size) ?? randomBytes(size, ...told),
  });
  // Before Node 24 its hooks are called for every promise there is. What log lines, spans and headers carry is not looked at here.
  const { run } = AsyncLocalStorage.prototype;
  AsyncLocalStorage.prototype.run = function <R, Args extends unknown[]>(
    this: AsyncLocalStorage<unknown>,
    store: unknown,
    work: (...args: Args) => R,
    ...args: Args
  ): R {
    return guest === undefined ? (run.call(this, store, work as () => R, ...args) as R) : work(...args);
  };
  syncBuiltinESMExports();
}

const sleepOf = ({ add, clear }: Guest, ms: number, value: unknown, signal: AbortSignal | undefined) =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timer = add(ms, null, () => resolve(value));
    signal?.addEventListener('abort', () => {
      clear(timer);
      reject(signal.reason);
    });
  });
