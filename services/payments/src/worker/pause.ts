import type { Clock } from '#libs/runtime';

/** What keeps a worker from knocking at a door that was just shut. In memory: a restarted process finds out with one call. */
export interface Pause {
  begin(ms: number): void;
  remainingMs(): number;
}

export function createPause(clock: Clock): Pause {
  let untilMs = Number.NEGATIVE_INFINITY;
  return {
    begin: (ms) => {
      untilMs = Math.max(untilMs, clock.monotonicMs() + ms);
    },
    remainingMs: () => Math.max(0, untilMs - clock.monotonicMs()),
  };
}
