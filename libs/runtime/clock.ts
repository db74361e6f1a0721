import { performance } from 'node:perf_hooks';

/** Time as an argument, so that decisions can be tested at any moment. */
export interface Clock {
  /** Business time: what is stored and compared with other systems. It may jump. */
  now(): Date;
  /** Milliseconds that never go back, for measuring how long something took; no meaning outside this process. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};
