import type { Taken } from '#libs/rate-limits';
import type { Clock } from '#libs/runtime';

/** Counts one request of `key`. Rejects when the counters cannot be reached and the limit refuses without them. */
export type Counter = (key: string) => Promise<BlockTaken>;
/** What is told of a request that was counted. */
export type BlockTaken = Omit<Taken, 'used'>;

/** Of users who came within the last minute. */
const keysMax = 20_000;
/** A tenth of the limit is fetched at once: a tenth of the statements, and at most nine requests per replica that nobody can use. */
const blocksPerLimit = 10;

interface Block {
  left: number;
  /** What others may still take. */
  beyond: number;
  endsAtMs: number;
}

/**
 * Counts most requests here, out of blocks that are taken from the shared counter. Never more than the limit over all replicas;
 * a few less, where a replica keeps the rest of a block whose user has gone to another one.
 */
export function blockCounter(
  take: (key: string, points: number) => Promise<BlockTaken>,
  clock: Clock,
  { max }: { max: number },
): Counter {
  const size = blockSizeOf(max);
  const blocks = new Map<string, Block>();
  const fetching = new Map<string, Promise<BlockTaken>>();

  const fromBlock = (key: string): BlockTaken | undefined => {
    const block = blocks.get(key);
    const resetMs = (block?.endsAtMs ?? 0) - clock.monotonicMs();
    if (block === undefined || resetMs <= 0 || block.left === 0) return undefined;
    block.left -= 1;
    return { allowed: true, remaining: block.left + block.beyond, resetMs, firstRefusal: false };
  };

  async function fetchBlock(key: string): Promise<BlockTaken> {
    const taken = await take(key, size);
    if (blocks.size >= keysMax) for (const [oldest] of [...blocks].slice(0, keysMax / 10)) blocks.delete(oldest);
    blocks.delete(key);
    if (taken.allowed)
      blocks.set(key, { left: size, beyond: taken.remaining, endsAtMs: clock.monotonicMs() + taken.resetMs });
    return taken;
  }

  return async (key) => {
    // Of those who wait for a block, as many go on as it has; the others fetch the next one.
    for (;;) {
      const own = fromBlock(key);
      if (own !== undefined) return own;
      const mine = !fetching.has(key);
      const fetch = fetching.get(key) ?? fetchBlock(key).finally(() => fetching.delete(key));
      fetching.set(key, fetch);
      const taken = await fetch;
      if (!taken.allowed) return { ...taken, firstRefusal: mine && taken.firstRefusal };
    }
  };
}

/** It divides the limit, so that the last block is a whole one. */
function blockSizeOf(max: number): number {
  for (let size = Math.floor(max / blocksPerLimit); size > 1; size--) if (max % size === 0) return size;
  return 1;
}
