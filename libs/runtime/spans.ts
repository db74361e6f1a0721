import { currentContext, runInContext } from './context.ts';
import { continueTrace } from './trace.ts';

/** A piece of work in a trace, ended. Names and attributes are few and never ids or what somebody sent, as with metrics. */
export interface Span {
  name: string;
  kind: 'internal' | 'server' | 'client' | 'consumer';
  /** Its own, and that of what it is a part of. */
  traceparent: string;
  parent: string | undefined;
  /** Unix time. */
  startedAtMs: number;
  durationMs: number;
  failed: boolean;
  attributes: Readonly<Record<string, string | number>>;
}

type Work = Pick<Span, 'name' | 'kind' | 'attributes'>;

/** One per process, as one process is one service. Undefined: nobody wants spans, and none is made. */
let exporter: ((span: Span) => void) | undefined;

/** From now on every span of this process goes to `to`, which must not throw. */
export function exportSpans(to: ((span: Span) => void) | undefined): void {
  exporter = to;
}

const traceOf = (traceparent: string): string => traceparent.slice(0, 36);
const wantsNone = (): void => undefined;

/**
 * For work that has a `traceparent` of its own already, made of what was `sent`, which is its parent if it was one at all. Call what it
 * returns when the work is over.
 */
export function startSpan(traceparent: string, sent: string | undefined): (ended: Work & { failed: boolean }) => void {
  if (exporter === undefined) return wantsNone;
  const parent = sent !== undefined && traceOf(sent) === traceOf(traceparent) ? sent : undefined;
  const startedAt = performance.now();
  return (ended) => {
    const span = { traceparent, parent, startedAtMs: performance.timeOrigin + startedAt };
    exporter?.({ ...span, durationMs: performance.now() - startedAt, ...ended });
  };
}

/**
 * Runs `work` as a part of the present request, message or transaction; what it does in turn, here or where it calls, is a part of that.
 * What belongs to none of them is a loop that looks for work, several times a second, and mostly finds nothing.
 */
export function inSpan<R>(span: Work, work: () => Promise<R>): Promise<R> {
  const { traceparent, requestId, correlationId } = currentContext();
  if (exporter === undefined || traceparent === undefined || (requestId ?? correlationId) === undefined) return work();
  return asSpan(span, traceparent, work);
}

async function asSpan<R>(span: Work, parent: string, work: () => Promise<R>): Promise<R> {
  const traceparent = continueTrace(parent);
  const end = startSpan(traceparent, parent);
  try {
    const result = await runInContext({ traceparent }, work);
    end({ ...span, failed: false });
    return result;
  } catch (error) {
    end({ ...span, failed: true });
    throw error;
  }
}
