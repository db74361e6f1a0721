import type { ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import { currentContext, type Logger, Overloaded } from '#libs/runtime';
import { HttpUnavailable } from './client-errors.ts';
import { noteProblem } from './observe-request.ts';
import { Problem } from './problem.ts';

/** What the body parser refuses, by the `type` on its errors. */
const bodyErrors: Readonly<Record<string, Problem>> = {
  'entity.parse.failed': new Problem('malformed_json'),
  'entity.too.large': new Problem('body_too_large'),
  'encoding.unsupported': new Problem('unsupported_media_type', { detail: 'Compressed bodies are not accepted' }),
  'charset.unsupported': new Problem('unsupported_media_type', { detail: 'The body must be UTF-8' }),
};
const malformed = new Problem('bad_request');
const internal = new Problem('internal_error');
const retrySoon = { 'retry-after': '1' };
const overloaded = new Problem('overloaded', { headers: retrySoon });

/** Nothing was decided, or the answer was lost: with the same `Idempotency-Key` the same request may be sent again. */
export const temporarilyUnavailable = new Problem('temporarily_unavailable', { headers: retrySoon });

export const answerNotFound: RequestHandler = () => {
  throw new Problem('not_found');
};

/** The last layer: every thrown thing becomes problem+json. Only what is a Problem, or is turned into one here, tells more than an id. */
export function answerError(logger: Logger, problemOf: (error: unknown) => Problem | undefined) {
  return (error: unknown, response: ServerResponse): void => {
    const problem = error instanceof Problem ? error : (known(error) ?? problemOf(error) ?? internal);
    if (problem.status >= 500) {
      logger[problem === internal ? 'error' : 'warn']({ err: error, code: problem.code }, 'request failed');
    }
    noteProblem(response, problem.code);
    // Half an answer must not look like a whole one.
    if (response.headersSent) return void response.destroy();
    const body = JSON.stringify(problem.body(currentContext().requestId));
    response.statusCode = problem.status;
    for (const [name, value] of Object.entries(problem.details.headers ?? {})) response.setHeader(name, value);
    response.setHeader('content-type', 'application/problem+json; charset=utf-8');
    response.setHeader('content-length', Buffer.byteLength(body));
    response.end(body);
  };
}

function known(error: unknown): Problem | undefined {
  if (error instanceof Overloaded) return overloaded;
  if (error instanceof HttpUnavailable) return temporarilyUnavailable;
  if (!(error instanceof Error)) return undefined;
  const { type, status } = error as { type?: unknown; status?: unknown };
  if (typeof type === 'string' && bodyErrors[type] !== undefined) return bodyErrors[type];
  // A path that does not decode, a body shorter than its length: Express marks what the client did wrong with a 4xx.
  if (typeof status === 'number' && status >= 400 && status < 500) return malformed;
  return undefined;
}
