/** One hot wallet does about 2000 transactions a second (PERFORMANCE.md): the last in a full queue waits a quarter of a second. */
const waitingMaxDefault = 500;

/** Refused before anything was done: too many are waiting for the same key. */
export class Overloaded extends Error {
  override readonly name = 'Overloaded';
}

/** `entered` is called at once where the call was taken into the queue, and never where it was refused. */
export type Keyed = <R>(key: string, work: () => Promise<R>, entered?: () => void) => Promise<R>;

/**
 * A first-in-first-out queue per key inside this process. In front of a SERIALIZABLE transaction on one hot row it saves the
 * retry that every waiter pays otherwise (its snapshot is older than the commit it waited for): 14 retries per transaction became
 * none, 222 per second became 1800. Only speed depends on it: the database decides, and other replicas have queues of their own.
 * Throws Overloaded when `waitingMax` calls wait for that key already.
 */
export function createKeyed({ waitingMax = waitingMaxDefault }: { waitingMax?: number } = {}): Keyed {
  const queues = new Map<string, { last: Promise<unknown>; calls: number }>();

  return async (key, work, entered) => {
    const queue = queues.get(key) ?? { last: Promise.resolve(), calls: 0 };
    if (queue.calls > waitingMax) throw new Overloaded('too many calls wait for the same key');
    queues.set(key, queue);
    queue.calls += 1;
    entered?.();
    const turn = queue.last.then(work);
    queue.last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      queue.calls -= 1;
      if (queue.calls === 0) queues.delete(key);
    }
  };
}
