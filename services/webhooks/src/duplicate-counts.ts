import type { Transact } from '#libs/db';
import type { DuplicateCount, WebhooksTx } from './delivery-store.ts';

/** Deliveries whose duplicates are counted between two writes; those of further ones go uncounted until then. */
const keysMax = 10_000;

export interface DuplicateCounts {
  note(deliveryKey: string, at: Date): void;
  /** Adds what was noted to the rows; returns to how many. */
  write(): Promise<number>;
}

/**
 * Counts duplicates here and writes them now and then: written one by one, a thousand copies at once would wait for each other's
 * COMMIT on the one row. What a killed process had not written is lost; nothing but this number depends on it.
 */
export function createDuplicateCounts(transact: Transact<WebhooksTx>): DuplicateCounts {
  let noted = new Map<string, DuplicateCount>();
  const add = (deliveryKey: string, count: number, lastAt: Date): void => {
    const before = noted.get(deliveryKey);
    if (before === undefined && noted.size >= keysMax) return;
    const latest = before !== undefined && before.lastAt > lastAt ? before.lastAt : lastAt;
    noted.set(deliveryKey, { deliveryKey, count: count + (before?.count ?? 0), lastAt: latest });
  };
  return {
    note: (deliveryKey, at) => add(deliveryKey, 1, at),
    async write() {
      if (noted.size === 0) return 0;
      const writing = [...noted.values()];
      noted = new Map();
      try {
        await transact((tx) => tx.addDuplicates(writing));
      } catch (error) {
        for (const { deliveryKey, count, lastAt } of writing) add(deliveryKey, count, lastAt);
        throw error;
      }
      return writing.length;
    },
  };
}
