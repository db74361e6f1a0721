/**
 * Who runs when. Whatever the simulated services do beyond their own memory (begin a transaction, hear of its commit, send, receive) waits at a
 * step, and the schedule takes one step at a time: nothing else ever decides an order.
 */

/** One life of a service's process. Nothing that a dead one was doing goes on. */
export interface Process {
  name: string;
  alive: boolean;
  /** A paused process (a long garbage collection, a suspended machine) takes no step, and does not know. */
  paused: boolean;
}

interface Waiting {
  process: Process;
  label: string;
  proceed: () => void;
}

export interface Scheduler {
  /** Waits until the schedule lets this process go on; for ever when it has died. */
  step(process: Process, label: string): Promise<void>;
  /** Runs `work` in a process, which can die under it: then `lost` is told instead of the result. */
  spawn<R>(
    process: Process,
    work: () => Promise<R>,
    on: { done(result: R): void; failed(error: unknown): void; lost(): void },
  ): void;
  crash(process: Process): void;
  /** How many steps could be taken now. */
  ready(): number;
  /** Takes the nth of them, and says which it was. */
  take(n: number): string;
  /** Until nothing moves without the schedule. */
  settle(): Promise<void>;
  /** How often it was waited for that. */
  settled(): number;
}

export function createScheduler(): Scheduler {
  let waiting: Waiting[] = [];
  let settled = 0;
  const inHand = new Map<Process, Set<() => void>>();
  const able = (): Waiting[] => waiting.filter(({ process }) => !process.paused);

  return {
    step: (process, label) =>
      new Promise((proceed) => {
        if (process.alive) waiting.push({ process, label, proceed });
      }),
    spawn: (process, work, { done, failed, lost }) => {
      const mine = inHand.get(process) ?? new Set();
      inHand.set(process, mine);
      mine.add(lost);
      const ended = (tell: () => void) => {
        if (!process.alive) return;
        mine.delete(lost);
        tell();
      };
      work().then(
        (result) => ended(() => done(result)),
        (error: unknown) => ended(() => failed(error)),
      );
    },
    crash: (process) => {
      process.alive = false;
      waiting = waiting.filter((one) => one.process !== process);
      const lost = inHand.get(process) ?? [];
      inHand.delete(process);
      for (const tell of lost) tell();
    },
    ready: () => able().length,
    take: (n) => {
      const taken = able()[n];
      if (taken === undefined) throw new Error('no such step');
      waiting.splice(waiting.indexOf(taken), 1);
      taken.proceed();
      return `${taken.process.name}: ${taken.label}`;
    },
    // After all microtasks, and those that they bring about; a turn of the event loop would take as long as the step.
    settle: () => {
      settled += 1;
      return new Promise((resolve) => void process.nextTick(resolve));
    },
    settled: () => settled,
  };
}
