import { type DestinationStream, type Logger, pino } from 'pino';
import { currentContext } from './context.ts';

export type { Logger } from 'pino';

const causesMax = 5; // A chain longer than this is a loop or a library's noise.

/**
 * An error as a log may show it. Named fields only: drivers hang rows, parameters and statements on their errors (PostgreSQL's
 * `detail` repeats the values of a violated key), and logs may hold nothing personal.
 */
function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return typeof error;
  const { code, constraint, kind } = error as Error & Record<'code' | 'constraint' | 'kind', unknown>;
  return {
    type: error.name,
    message: error.message,
    ...(code === undefined ? {} : { code }),
    ...(constraint === undefined ? {} : { constraint }),
    ...(kind === undefined ? {} : { kind }),
    stack: error.stack,
    ...(error.cause === undefined || depth >= causesMax ? {} : { cause: describeError(error.cause, depth + 1) }),
  };
}

/**
 * JSON lines on stdout, written synchronously, so that the last words of a dying process are not lost. Every line names its
 * request, transaction and trace by the current context. Nothing is redacted because nothing secret is passed.
 */
export function createLogger(options: { name: string; level: string; destination?: DestinationStream }): Logger {
  return pino(
    {
      level: options.level,
      base: { service: options.name },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: unknown) => describeError(error) },
      mixin: () => {
        const { requestId, correlationId, traceparent } = currentContext();
        return { request_id: requestId, correlation_id: correlationId, traceparent };
      },
    },
    options.destination ?? pino.destination({ fd: 1, sync: true }),
  );
}
