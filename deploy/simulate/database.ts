import { createMemoryDatabase, type MemoryDatabase, type Transact, UnknownCommit, withRepeats } from '#libs/db';
import type { MemoryMessages, OutboxRow, OutboxTx } from '#libs/messaging';
import type { Faults } from './faults.ts';
import type { Host } from './host.ts';
import type { Process, Scheduler } from './scheduler.ts';

/** A service's database: all of its processes work on it, and it outlives them. */
export interface SimDatabase<Port> {
  memory: MemoryDatabase;
  port: Port;
  /** How many transactions have committed: what has changed since is checked again. */
  commits(): number;
  /** Transactions of one process, each of which can fail, be in doubt, or be the last thing that the process does. */
  transactOf(process: Process): Transact<Port>;
  /** With no process and no fault between, for whoever looks on. */
  look: Transact<Port>;
}

class ConnectionLost extends Error {
  readonly code = '08006';
}
class Conflict extends Error {
  readonly code = '40001';
}
/** Rolls a transaction back whose work was done. */
class RolledBack extends Error {}

export function simDatabase<Port>(
  name: string,
  { scheduler, faults, happened }: { scheduler: Scheduler; faults: Faults; happened: (what: string) => void },
  portOf: (memory: MemoryDatabase) => Port,
): SimDatabase<Port> {
  const memory = createMemoryDatabase();
  const port = portOf(memory);
  const look = memory.over(port);
  let commits = 0;
  const transactOf =
    (process: Process): Transact<Port> =>
    (asked, options) => {
      let isInDoubt = false;
      const transact = withRepeats<Port>(
        async (work) => {
          await scheduler.step(process, `begins in ${name}`);
          if (faults.strikes('the database is out of reach', 2)) throw new ConnectionLost();
          if (faults.strikes('a conflict', 2)) throw new Conflict();
          const isDoubtful = faults.strikes('the answer to COMMIT is lost', 3);
          const isUndone = isDoubtful && faults.strikes('it was not committed', 50);
          const result = await look(async (tx) => {
            const done = await work(tx);
            if (isUndone) throw new RolledBack();
            return { done };
          }).catch((error: unknown) => {
            if (error instanceof RolledBack) return undefined;
            throw error;
          });
          commits += 1;
          await scheduler.step(process, `hears of its commit in ${name}`);
          if (isDoubtful || result === undefined) {
            isInDoubt = true;
            throw new UnknownCommit('the connection was lost at COMMIT');
          }
          if (isInDoubt) happened('unknown commit resolved');
          return result.done;
        },
        { conflict: () => {} },
      );
      return transact(asked, options);
    };
  return { memory, port, commits: () => commits, transactOf, look };
}

/** The outbox as relays see it. Its rows are locked by whoever takes them, until he lets go or dies. */
export function simOutbox(messages: Pick<MemoryMessages, 'enqueued'>, host: Pick<Host, 'nowMs'>) {
  const published = new Set<number>();
  const retryAtMs = new Map<number, number>();
  const lockedBy = new Map<number, Process>();
  /** All before it are published: most are, and need not be looked at again. */
  let firstOpen = 0;
  const unpublished = (): number => messages.enqueued().length - published.size;
  const isFree = (id: number): boolean =>
    !published.has(id) && (retryAtMs.get(id) ?? 0) <= host.nowMs() && lockedBy.get(id)?.alive !== true;
  const free = (limit: number): number[] => {
    const ids: number[] = [];
    while (published.has(firstOpen)) firstOpen += 1;
    const { length } = messages.enqueued();
    for (let id = firstOpen; id < length && ids.length < limit; id++) if (isFree(id)) ids.push(id);
    return ids;
  };
  const hasWork = (): boolean => unpublished() > 0 && free(1).length > 0;
  const rowOf = (id: number): OutboxRow => {
    const sent = messages.enqueued()[id];
    if (sent === undefined) throw new Error('no such message');
    return {
      id: BigInt(id),
      message_id: sent.id,
      type: sent.type,
      envelope: JSON.stringify(sent),
      traceparent: null,
      waited_s: 0,
    };
  };
  const transactOf =
    (scheduler: Scheduler, process: Process): Transact<OutboxTx> =>
    async (work) => {
      await scheduler.step(process, 'begins to relay');
      const mine: number[] = [];
      const marks: (() => void)[] = [];
      try {
        const result = await work({
          takeUnpublished: async (limit) => {
            const ids = free(limit);
            for (const id of ids) {
              mine.push(id);
              lockedBy.set(id, process);
            }
            return ids.map(rowOf);
          },
          markPublished: async (ids) => {
            marks.push(() => {
              for (const id of ids) published.add(Number(id));
            });
          },
          postpone: async (ids, ms) => {
            marks.push(() => {
              for (const id of ids) retryAtMs.set(Number(id), host.nowMs() + ms);
            });
          },
        });
        await scheduler.step(process, 'marks what was published');
        for (const mark of marks) mark();
        return result;
      } finally {
        for (const id of mine) if (lockedBy.get(id) === process) lockedBy.delete(id);
      }
    };
  /** What was in it before the schedule begins. */
  const markAllPublished = (): void => messages.enqueued().forEach((_, id) => void published.add(id));
  return { unpublished, hasWork, transactOf, markAllPublished };
}
