import type { Step } from '#libs/http';

const methods = 'GET, POST, PUT, PATCH, DELETE';
const requestHeaders =
  'Authorization, Content-Type, Idempotency-Key, If-Match, Last-Event-ID, Traceparent, X-Request-Id';
/** What scripts may read of an answer beside its body. */
const answerHeaders =
  'Content-Disposition, ETag, Idempotent-Replayed, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id';
/** How long a browser may remember the answer to its question. */
const maxAgeS = 600;

/**
 * Lets the scripts of these origins call us (`Origin` is compared as a whole, never by its end). No cookies: a token is sent by the
 * script that has it. To any other origin nothing is said, and its browser keeps the answer to itself.
 */
export function cors(origins: readonly string[]): Step {
  const allowed = new Set(origins);
  return (request, response, next) => {
    const origin = request.headers.origin;
    if (allowed.size > 0) response.setHeader('vary', 'Origin');
    const isAllowed = origin !== undefined && allowed.has(origin);
    if (isAllowed) {
      response.setHeader('access-control-allow-origin', origin);
      response.setHeader('access-control-expose-headers', answerHeaders);
    }
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return next();
    if (isAllowed) {
      response.setHeader('access-control-allow-methods', methods);
      response.setHeader('access-control-allow-headers', requestHeaders);
      response.setHeader('access-control-max-age', String(maxAgeS));
    }
    response.writeHead(204).end();
  };
}
