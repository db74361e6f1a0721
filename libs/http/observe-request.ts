import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Context, continueTrace, type Logger, newUuid, runInContext, startSpan } from '#libs/runtime';
import type { Metrics } from '#libs/telemetry';

/** Taken over only in this form: it is written into logs and handed on to other services. */
const requestIdForm = /^[A-Za-z0-9_-]{8,64}$/;

const codes = new WeakMap<ServerResponse, string>();

/** Lets the request's log line name the problem that was answered. */
export const noteProblem = (response: ServerResponse, code: string): void => void codes.set(response, code);

/**
 * The outermost middleware, one for all of it because every layer costs: request id and trace for whatever happens inside, one
 * metric and one log line at the end. Routes by their pattern, never the URL: ids would each make a time series, queries may be private.
 */
export function observeRequest(logger: Logger, metrics: Metrics) {
  const duration = metrics.histogram({
    name: 'http_server_request_duration_seconds',
    help: 'From the request line to the end of the answer',
    labels: ['route', 'method', 'status_class'],
  });
  const inFlight = metrics.gauge({ name: 'http_server_requests_in_flight', help: 'Requests being handled now' });

  return (request: IncomingMessage & { route?: unknown }, response: ServerResponse, next: () => void): void => {
    const startedAt = performance.now();
    const { method = '' } = request;
    const received = headerOf(request, 'x-request-id');
    const requestId = received !== undefined && requestIdForm.test(received) ? received : newUuid();
    const sent = headerOf(request, 'traceparent');
    const traceparent = continueTrace(sent);
    const context: Context = { requestId, traceparent };
    const endSpan = startSpan(traceparent, sent);
    response.setHeader('x-request-id', requestId);
    inFlight.inc();

    response.once('close', () => {
      inFlight.dec();
      const seconds = (performance.now() - startedAt) / 1000;
      // `finished` is false when the client left before the end of its answer.
      const status = response.writableFinished ? response.statusCode : undefined;
      const route = routeOf(request.route);
      const statusClass = status === undefined ? 'aborted' : `${Math.floor(status / 100)}xx`;
      duration.observe({ route, method, status_class: statusClass }, seconds);
      endSpan({
        name: `${method} ${route}`,
        kind: 'server',
        failed: status === undefined || status >= 500,
        attributes: {
          'http.request.method': method,
          'http.route': route,
          'http.response.status_code': status ?? 0,
        },
      });
      const line = {
        method,
        route,
        status: status ?? 'aborted',
        problem: codes.get(response),
        duration_ms: Math.round(seconds * 1000),
      };
      runInContext(context, () =>
        (status !== undefined && status >= 500 ? logger.error : logger.info).call(logger, line, 'request'),
      );
    });
    runInContext(context, next);
  };
}

function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

function routeOf(route: unknown): string {
  const path = (route as { path?: unknown } | undefined)?.path;
  return typeof path === 'string' ? path : 'unmatched';
}
