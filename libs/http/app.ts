import express, { type Express, type RequestHandler, type Router } from 'express';
import type { Logger } from '#libs/runtime';
import type { Metrics } from '#libs/telemetry';
import { answerError, answerNotFound } from './answer-error.ts';
import { observeRequest } from './observe-request.ts';
import { Problem } from './problem.ts';
import { refuseUnwritable } from './refuse-unwritable.ts';

export interface AppOptions {
  logger: Logger;
  metrics: Metrics;
  jsonLimitBytes: number;
  routes: Router;
  /** Middleware and routes that come before the body is read: security headers, raw bytes that are signed. */
  beforeBody?: Router;
  /** Says of an error from below (a database that is down) what the client may know. */
  problemOf?: (error: unknown) => Problem | undefined;
}

/** The application as a function of its routes; it never listens, so tests can call it on any socket. */
export function createApp(options: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag'); // Hashing every answer costs time, and no answer of ours may be cached.
  app.set('query parser', 'simple'); // Values are strings or lists of strings, never objects of the client's making.

  app.use(observeRequest(options.logger, options.metrics));
  app.use(neverCached);
  if (options.beforeBody !== undefined) app.use(options.beforeBody);
  app.use(jsonOnly);
  // inflate: false, because a small compressed body may be a large one.
  app.use(express.json({ limit: options.jsonLimitBytes, strict: true, inflate: false }));
  app.use(refuseUnwritable);
  app.use(options.routes);
  app.use(answerNotFound);
  app.use(answerError(options.logger, options.problemOf ?? (() => undefined)));
  return app;
}

const neverCached: RequestHandler = (_request, response, next) => {
  response.setHeader('cache-control', 'no-store');
  next();
};

/** The parser skips a body of another type without a word, and the schema would then blame each missing field. */
const jsonOnly: RequestHandler = (request, _response, next) => {
  const hasBody = request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length']) > 0;
  if (hasBody && !request.is('application/json')) {
    throw new Problem('unsupported_media_type');
  }
  next();
};
