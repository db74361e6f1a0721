import { setImmediate } from 'node:timers/promises';
import { runOutside } from './context.ts';
import type { Logger } from './logger.ts';
import { continueTrace } from './trace.ts';

/** The first wait after a failure, and the longest: long enough to spare a dependency that is down, short enough to heal unseen. */
const backoffMsMin = 200;
const backoffMsMax = 10_000;
/** Node's timers hold 31 bits and fire at once beyond them, which would turn a long interval into a busy loop. */
const intervalMsMax = 2 ** 31 - 1;

export interface LoopDefinition {
  name: string;
  /** How long it rests after a run that found nothing to do; the answer to a lost `wake`. */
  intervalMs: number;
  /** One bounded piece of work; a returned number above zero says there may be more, and it is run again at once. */
  runOnce: (signal: AbortSignal) => Promise<number> | Promise<void>;
}

interface Loop {
  /** Runs now, or once more after the present run. Any number of calls are one; a failing loop's rest is not cut short. */
  wake(): void;
  /** No new run begins; resolves when the present one, whose signal is aborted, has ended. */
  stop(): Promise<void>;
}

/** Repeats `runOnce`, never beside itself, beginning at once. A failure is logged, told to `onError`, and waited out. */
export function startLoop(definition: LoopDefinition & { logger: Logger; onError?: (error: unknown) => void }): Loop {
  const { name, intervalMs, runOnce, logger, onError } = definition;
  if (intervalMs > intervalMsMax) throw new RangeError(`${name}: intervalMs exceeds ${intervalMsMax}`);
  const stopping = new AbortController();
  let wanted = false;
  let endRest: (() => void) | undefined;

  const rest = (ms: number, wakeable: boolean): Promise<void> =>
    new Promise((resolve) => {
      if (stopping.signal.aborted) return resolve(); // Stopped during the run: no abort event will come any more.
      const end = (): void => {
        clearTimeout(timer);
        stopping.signal.removeEventListener('abort', end);
        endRest = undefined;
        resolve();
      };
      const timer = setTimeout(end, ms);
      stopping.signal.addEventListener('abort', end);
      if (wakeable) endRest = end;
    });

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      wanted = false;
      try {
        const done = await runOutside({ traceparent: continueTrace(undefined) }, () => runOnce(stopping.signal));
        failures = 0;
        // A turn of the event loop even when work never ends, so that timers and sockets get theirs.
        if (wanted || (done ?? 0) > 0) await setImmediate();
        else await rest(intervalMs, true);
      } catch (err) {
        if (stopping.signal.aborted) break;
        failures += 1;
        logger.error({ err, loop: name, failures }, 'loop failed');
        onError?.(err);
        await rest(backoffMs(failures), false);
      }
    }
  }

  const ended = run();
  return {
    wake() {
      wanted = true;
      endRest?.();
    },
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

/** Doubling with half of it random: replicas that failed together do not return together. */
function backoffMs(failures: number): number {
  const full = Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(failures - 1, 16));
  return full / 2 + (Math.random() * full) / 2;
}
