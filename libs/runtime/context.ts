import { AsyncLocalStorage } from 'node:async_hooks';

/** What every log line, message and call made while handling one request or message carries along. */
export interface Context {
  requestId?: string;
  /** The transaction that this is about. */
  correlationId?: string;
  /** W3C Trace Context, as the header has it. */
  traceparent?: string;
  /** Until when somebody waits for the answer, in `performance.now()`: a call to a third that ends later is for nothing. */
  deadlineAtMs?: number;
}

const storage = new AsyncLocalStorage<Context>();
const none: Context = Object.freeze({});

export const currentContext = (): Context => storage.getStore() ?? none;

/** Runs `work` with `context` laid over the present one: what it does not name stays as it is. */
export const runInContext = <R>(context: Context, work: () => R): R =>
  storage.run({ ...currentContext(), ...context }, work);

/** What rows, logs and people know a trace by: the second field of `traceparent` (W3C Trace Context). */
export const currentTraceId = (): string | null => currentContext().traceparent?.split('-')[1] ?? null;

/** Runs `work` with `context` alone: what is no part of any request, whoever set it off, must not end with one. */
export const runOutside = <R>(context: Context, work: () => R): R => storage.run(context, work);
