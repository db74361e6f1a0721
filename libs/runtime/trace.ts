import { randomFillSync } from 'node:crypto';
import { runInContext } from './context.ts';

const traceparentForm = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})$/;

/** Fetched from the system for a few hundred at once: one at a time they were the dearest line of a request. They are no secret. */
const chance = Buffer.alloc(4_096);
let used = chance.length;

function randomHex(bytes: number): string {
  if (used + bytes > chance.length) {
    randomFillSync(chance);
    used = 0;
  }
  used += bytes;
  return chance.toString('hex', used - bytes, used);
}

/**
 * The `traceparent` of this step: the caller's trace with a parent id of our own, or a new trace where there is none.
 * Read strictly (W3C Trace Context, version 00): the value goes into logs, rows and other systems' headers.
 */
export function continueTrace(received: string | undefined): string {
  const read = received === undefined ? null : traceparentForm.exec(received);
  const [trace, flags] = read === null ? [randomHex(16), '01'] : [read[1], read[2]];
  return `00-${trace}-${randomHex(8)}-${flags}`;
}

/**
 * Runs `work` in the trace that something began in, whoever has it in hand now: a worker that found it due, or somebody else's message that
 * turned out to be about it. Null, of what is older than that was kept, leaves the present trace.
 */
export const inTraceOf = <R>(began: { traceparent: string | null }, work: () => R): R =>
  began.traceparent === null ? work() : runInContext({ traceparent: continueTrace(began.traceparent) }, work);
