import { setTimeout as sleep } from 'node:timers/promises';

/** Under a loaded machine a broker needs seconds for what takes milliseconds; a test that waits longer has found something. */
const TIMEOUT_MS = 15_000;
const INTERVAL_MS = 20;

/**
 * Waits until `look` gives something truthy, and returns it. An error counts as "not yet", so that an expectation can be polled; the
 * last one is thrown when the time is over.
 */
export async function poll<R>(
  look: () => R | Promise<R>,
  { timeoutMs = TIMEOUT_MS, intervalMs = INTERVAL_MS }: { timeoutMs?: number; intervalMs?: number } = {},
): Promise<NonNullable<R>> {
  let last: unknown;
  for (const deadline = performance.now() + timeoutMs; performance.now() < deadline; await sleep(intervalMs)) {
    try {
      const seen = await look();
      if (seen) return seen;
      last = new Error(`still ${String(seen)} after ${timeoutMs} ms: ${look}`);
    } catch (error) {
      last = error;
    }
  }
  throw last;
}
