/** The longest real sleep: Node fires a timer above 2^31 ms at once, and an hour is far below that. */
const SLEEP_MS_MAX = 3600 * 1000;

type Timer = { dueMs: number; run: () => void };

/**
 * The clock of the simulator's timers (retries, expiry, the execution window, payout settling). It runs with real time plus
 * an offset that `advance` enlarges. Times on the wire are never taken from here: a receiver compares those with its own
 * clock, and 36 hours of retries pass in a second only as long as nobody's idea of "now" is bent.
 */
export type SimClock = {
  /** Simulated milliseconds since the epoch. */
  nowMs(): number;
  /** How far simulated time is ahead of real time. */
  offsetMs(): number;
  /** Runs once when simulated time reaches `dueMs`; timers of the same instant keep the order in which they were set. */
  at(dueMs: number, run: () => void): void;
  /** Moves time on, firing what becomes due one by one and in order; `settled` is awaited after each. Returns how many fired. */
  advance(ms: number, settled: () => Promise<void>): Promise<number>;
  stop(): void;
};

export function createClock(realNowMs: () => number, startOffsetMs: number): SimClock {
  const timers: Timer[] = [];
  let offsetMs = startOffsetMs;
  let sleep: NodeJS.Timeout | undefined;
  let advances: Promise<unknown> = Promise.resolve();

  const nowMs = () => realNowMs() + offsetMs;

  function arm(): void {
    clearTimeout(sleep);
    const next = timers[0];
    if (next === undefined) return;
    sleep = setTimeout(fireDue, Math.min(Math.max(next.dueMs - nowMs(), 0), SLEEP_MS_MAX));
    sleep.unref();
  }

  function fireDue(): void {
    for (let next = timers[0]; next !== undefined && next.dueMs <= nowMs(); next = timers[0]) {
      timers.shift();
      next.run();
    }
    arm();
  }

  function at(dueMs: number, run: () => void): void {
    let position = timers.length;
    for (
      let before = timers[position - 1];
      before !== undefined && before.dueMs > dueMs;
      before = timers[position - 1]
    ) {
      position -= 1;
    }
    timers.splice(position, 0, { dueMs, run });
    if (position === 0) arm();
  }

  async function advanceOnce(ms: number, settled: () => Promise<void>): Promise<number> {
    const targetMs = nowMs() + ms;
    let fired = 0;
    await settled();
    for (let next = timers[0]; next !== undefined && next.dueMs <= targetMs; next = timers[0]) {
      timers.shift();
      offsetMs += Math.max(next.dueMs - nowMs(), 0);
      next.run();
      fired += 1;
      await settled();
    }
    offsetMs += Math.max(targetMs - nowMs(), 0);
    arm();
    return fired;
  }

  return {
    nowMs,
    offsetMs: () => offsetMs,
    at,
    // One advance after the other: two at once would each move the offset under the other's feet.
    advance(ms, settled) {
      const done = advances.then(() => advanceOnce(ms, settled));
      advances = done.catch(() => undefined);
      return done;
    },
    stop() {
      clearTimeout(sleep);
      timers.length = 0;
    },
  };
}
