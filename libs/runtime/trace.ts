import { randomBytes } from 'node:crypto';
import { runInContext } from './context.ts';

const traceparentForm = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})$/;

/**
 * The `traceparent` of this step: the caller's trace with a parent id of our own, or a new trace where there is none.
 * Read strictly (W3C Trace Context, version 00): the value goes into logs, rows and other systems' headers.
 */
export function continueTrace(received: string | undefined): string {
  const read = received === undefined ? null : traceparentForm.exec(received);
  const [trace, flags] = read === null ? [randomBytes(16).toString('hex'), '01'] : [read[1], read[2]];
  return `00-${trace}-${randomBytes(8).toString('hex')}-${flags}`;
}

/**
 * Runs `work` in the trace that something began in, whoever has it in hand now: a worker that found it due, or somebody else's message that
 * turned out to be about it. Null, of what is older than that was kept, leaves the present trace.
 */
export const inTraceOf = <R>(began: { traceparent: string | null }, work: () => R): R =>
  began.traceparent === null ? work() : runInContext({ traceparent: continueTrace(began.traceparent) }, work);
