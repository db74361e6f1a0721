import type { RequestListener, ServerResponse } from 'node:http';
import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Router } from 'express';
import type { Logger } from '#libs/runtime';
import type { Metrics } from '#libs/telemetry';
import { answerError, answerNotFound } from './answer-error.ts';
import { observeRequest } from './observe-request.ts';
import { Problem } from './problem.ts';
import { refuseUnwritable } from './refuse-unwritable.ts';
import { type ShortRoute, shortPaths } from './short-path.ts';
import { type Step, walk } from './step.ts';

export interface AppOptions {
  logger: Logger;
  metrics: Metrics;
  jsonLimitBytes: number;
  /** What every request passes, whichever way it goes from there: security headers, limits that are everybody's. */
  front?: readonly Step[];
  /** Those of the routes that plain requests take past Express. */
  shortRoutes?: readonly ShortRoute[];
  routes: Router;
  /** Middleware and routes that come before the body is read: raw bytes that are signed, limits of single routes. */
  beforeBody?: Router;
  /** Says of an error from below (a database that is down) what the client may know. */
  problemOf?: (error: unknown) => Problem | undefined;
}

/**
 * The application as a function of its routes; it never listens, so tests can call it on any socket. A request is observed and passes the front,
 * and only then it is chosen whether it goes the short way or through Express. Both end in the same error layer.
 */
export function createApp(options: AppOptions): RequestListener {
  const { logger, metrics, jsonLimitBytes, front = [], shortRoutes = [] } = options;
  const fail = orHangUp(logger, answerError(logger, options.problemOf ?? (() => undefined)));
  const longWay = throughExpress(options, (error, _request, response, _next) => fail(error, response));
  const shortWay = shortPaths(shortRoutes, jsonLimitBytes);
  const go: Step = (request, response) => {
    const steps = shortWay(request);
    if (steps === undefined) longWay(request, response);
    else walk(steps, request, response, fail);
  };
  const steps = [observeRequest(logger, metrics), neverCached, ...front, go];
  return (request, response) => walk(steps, request, response, fail);
}

/** The last layer has nobody behind it: what it throws would end the process, with all that it has in hand. */
function orHangUp(logger: Logger, answer: (error: unknown, response: ServerResponse) => void): typeof answer {
  return (error, response) => {
    try {
      answer(error, response);
    } catch (err) {
      logger.error({ err }, 'an error could not be answered');
      response.destroy();
    }
  };
}

function throughExpress({ jsonLimitBytes, beforeBody, routes }: AppOptions, lastLayer: ErrorRequestHandler): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag'); // Hashing every answer costs time, and no answer of ours may be cached.
  app.set('query parser', 'simple'); // Values are strings or lists of strings, never objects of the client's making.

  if (beforeBody !== undefined) app.use(beforeBody);
  app.use(jsonOnly);
  // inflate: false, because a small compressed body may be a large one.
  app.use(express.json({ limit: jsonLimitBytes, strict: true, inflate: false }));
  app.use(refuseUnwritable);
  app.use(routes);
  app.use(answerNotFound);
  app.use(lastLayer);
  return app;
}

const neverCached: Step = (_request, response, next) => {
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
