import type { Taken } from './shared-counter.ts';

/** One of many that were counted together. */
export interface Counted {
  /** Its place in the window, from 1; beyond the limit every place is as good as another. */
  nth: number;
  resetMs: number;
}

/**
 * Counts one by one to the caller and in batches to the database: whoever comes while a statement is under way goes with the next one. As
 * exact as one statement each, and a flood takes one connection of the pool instead of all.
 */
export function batchCounter(take: (points: number) => Promise<Taken>): () => Promise<Counted> {
  let waiting: { resolve: (counted: Counted) => void; reject: (error: unknown) => void }[] = [];
  let isCounting = false;

  async function countAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        const { used, resetMs } = await take(batch.length);
        for (const [i, { resolve }] of batch.entries()) resolve({ nth: used - batch.length + 1 + i, resetMs });
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    isCounting = false;
  }

  return () =>
    new Promise((resolve, reject) => {
      waiting.push({ resolve, reject });
      if (isCounting) return;
      isCounting = true;
      void countAll();
    });
}
