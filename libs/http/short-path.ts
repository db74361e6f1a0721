import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import express from 'express';
import { currentContext, runInContext } from '#libs/runtime';
import { answerError } from './answer-error.ts';
import type { AppOptions } from './app.ts';
import { observeRequest } from './observe-request.ts';
import { Problem } from './problem.ts';
import { refuseUnwritable } from './refuse-unwritable.ts';

export type ReadRequest = IncomingMessage & { body?: unknown };

/** One route that is asked far more often than all others together. It is a route of the application as well. */
export interface ShortPath {
  /** Of a POST without parameters. */
  path: string;
  /** What stands before the route: who may ask. */
  guard: (request: ReadRequest, response: ServerResponse, next: () => void) => void;
  /** Resolves to the JSON of a 200; throws what the route throws. */
  answer: (request: ReadRequest) => Promise<object>;
}

/**
 * Takes plain requests of one route past Express, whose layers cost more than the route (docs/performance.md). What is not plain goes the long way,
 * from the beginning, and what fails is answered by the same last layer: a client sees no difference, and a test compares the two.
 */
export function takeShortPath(
  { path, guard, answer }: ShortPath,
  app: RequestListener,
  { logger, metrics, jsonLimitBytes, problemOf }: Omit<AppOptions, 'routes' | 'beforeBody'>,
): RequestListener {
  const observe = observeRequest(logger, metrics);
  const failures = new WeakMap<IncomingMessage, unknown>();
  const failing = express().disable('x-powered-by').disable('etag');
  failing.use((request) => {
    throw failures.get(request);
  });
  failing.use(answerError(logger, problemOf ?? (() => undefined)));

  return (request, response) => {
    if (request.url !== path || !isPlain(request, jsonLimitBytes)) return app(request, response);
    const fail = (error: unknown): void => {
      failures.set(request, error);
      failing(request, response);
    };
    const read: ReadRequest & { route: unknown } = Object.assign(request, { route: { path } }); // as Express marks it
    observe(read, response, () => {
      response.setHeader('cache-control', 'no-store');
      readJson(
        read,
        () => {
          refuseUnwritable(read, response, () => {
            guard(
              read,
              response,
              () =>
                void answer(read)
                  .then((body) => answerJson(response, body))
                  .catch(fail),
            );
          });
        },
        fail,
      );
    });
  };
}

/** A body of our own services' making: JSON, its length told, neither compressed nor in pieces, nor waiting for a word. */
function isPlain({ method, headers }: IncomingMessage, jsonLimitBytes: number): boolean {
  const length = Number(headers['content-length']);
  return (
    method === 'POST' &&
    headers['content-type'] === 'application/json' &&
    length > 0 &&
    length <= jsonLimitBytes &&
    headers['content-encoding'] === undefined &&
    headers['transfer-encoding'] === undefined &&
    headers.expect === undefined
  );
}

/** Calls `next` with the body in place. A client that leaves meanwhile gets no answer, for nobody is there. */
function readJson(request: ReadRequest, next: () => void, fail: (error: unknown) => void): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = () => {
    try {
      request.body = parsed(Buffer.concat(chunks).toString());
      next();
    } catch (error) {
      fail(error);
    }
  };
  const context = currentContext(); // which the socket's events know nothing of
  request.on('end', () => runInContext(context, ended));
}

/** An object or a list, as Express' strict parser takes it. */
function parsed(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) throw new Problem('malformed_json');
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem('malformed_json');
  }
}

function answerJson(response: ServerResponse, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}
