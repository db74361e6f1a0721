import type { IncomingMessage } from 'node:http';
import { currentContext, runInContext } from '#libs/runtime';

/** Tells a service of ours for how many more milliseconds its answer is waited for. Made by `createClient`, believed behind an internal token only. */
export const deadlineHeader = 'x-deadline-ms';

/** Longer than any of our timeouts; what says more is wrong and says nothing. */
const waitMsMax = 60_000;
/** What a service needs after its last call, to write down what came of it and to answer. */
const answerMs = 250;
/** A call of less time than this ends in a time-out even where all is well; one that is not begun leaves nothing unknown. */
const callMsMin = 100;

/**
 * Runs `work` under the deadline that came with `request`, whose sender must be known to be one of ours: with a false one an outsider would
 * make calls time out that have time. Nothing is broken off when it is over. It only bounds what is still asked of others, and whoever
 * asks takes a call without an answer as what it is: unknown, and gone on with by a worker.
 */
export function withDeadlineOf(request: IncomingMessage, work: () => void): void {
  const received = request.headers[deadlineHeader];
  const waitMs = typeof received === 'string' && /^[0-9]{1,5}$/.test(received) ? Number(received) : waitMsMax + 1;
  if (waitMs > waitMsMax) work();
  else runInContext({ deadlineAtMs: performance.now() + waitMs - answerMs }, work);
}

export interface CallTime {
  timeoutMs: number;
  /** By the deadline: less than the call is usually given. */
  isCut: boolean;
}

/** How long a call may take that is usually given `timeoutMs`; undefined when it cannot end in time. */
export function timeLeft(timeoutMs: number): CallTime | undefined {
  const { deadlineAtMs } = currentContext();
  if (deadlineAtMs === undefined) return { timeoutMs, isCut: false };
  const leftMs = Math.floor(deadlineAtMs - performance.now());
  if (leftMs < callMsMin) return undefined;
  return { timeoutMs: Math.min(timeoutMs, leftMs), isCut: leftMs < timeoutMs };
}
