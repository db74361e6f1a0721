import type { Clock } from '#libs/runtime';

export interface Budget {
  /** Whether there was one left. */
  take(): boolean;
}

const minuteMs = 60_000;

/** So many per minute and process, counted in whole minutes: it bounds what strangers can make us write, nothing finer. */
export function createBudget(clock: Clock, perMinute: number): Budget {
  let minute = 0;
  let taken = 0;
  return {
    take() {
      const now = Math.floor(clock.monotonicMs() / minuteMs);
      if (now !== minute) {
        minute = now;
        taken = 0;
      }
      taken += 1;
      return taken <= perMinute;
    },
  };
}
