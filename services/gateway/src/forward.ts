import type { Request, Response } from 'express';
import { signInternalToken, type UserActor } from '#libs/auth';
import { type HttpClient, type HttpResponse, HttpUnavailable } from '#libs/http';
import type { Logger } from '#libs/runtime';
import { idempotencyKeyInvalid, notFound, unavailableFor } from './problems.ts';

export interface ForwardedRoute {
  method: 'GET' | 'POST';
  /** Behind `/api/v1` for the public, and as it is at the service. */
  path: string;
  service: 'wallet' | 'payments';
}

/** All that the public may ask of other services, always as a user. What is not here cannot be reached from outside. */
export const forwardedRoutes: readonly ForwardedRoute[] = [
  { method: 'POST', path: '/deposits', service: 'payments' },
  { method: 'POST', path: '/withdrawals', service: 'payments' },
  { method: 'POST', path: '/withdrawals/:id/cancel', service: 'payments' },
  { method: 'POST', path: '/bank-accounts', service: 'payments' },
  { method: 'GET', path: '/bank-accounts', service: 'payments' },
  { method: 'GET', path: '/transactions', service: 'payments' },
  { method: 'GET', path: '/transactions/:id', service: 'payments' },
  { method: 'GET', path: '/wallets', service: 'wallet' },
  { method: 'GET', path: '/wallets/:currency', service: 'wallet' },
];

export interface ForwardDeps {
  upstreams: Record<ForwardedRoute['service'], Upstream>;
  logger: Logger;
}

export interface Upstream {
  client: HttpClient;
  /** The callee's key (ADR 10). */
  internalKey: Buffer;
}

/** A call takes 20 s at most: a token that leaks is worth nothing a minute later. Made for each call, which costs 15 µs. */
const internalTokenTtlS = 60;
/** Ids are ULIDs with a prefix, UUIDs or currencies; what else stands in a path names nothing. */
const paramForm = /^[A-Za-z0-9_-]{1,64}$/;
const idempotencyKeyForm = /^[\x21-\x7e]{1,255}$/;
/** The only answer headers that are the service's to give. */
const answerHeaders = ['content-type', 'retry-after', 'idempotent-replayed'];

/**
 * Passes a request of `user` on: its JSON body, its query, its Idempotency-Key, the request's id and trace (createClient adds them)
 * and an internal token. Nothing else that came in goes out, so that no header of a client's ever speaks to a service.
 */
export async function forward(
  deps: ForwardDeps,
  route: ForwardedRoute,
  user: UserActor,
  request: Request,
  response: Response,
): Promise<void> {
  const { client, internalKey } = deps.upstreams[route.service];
  const key = idempotencyKeyOf(request);
  const unavailable = unavailableFor[route.method === 'GET' ? 'read' : key === undefined ? 'unkeyed' : 'keyed'];
  const token = signInternalToken(internalKey, { audience: route.service, actor: user, ttlS: internalTokenTtlS });
  const answer = await client
    .request({
      method: route.method,
      path: targetOf(route, request),
      headers: { authorization: `Bearer ${token}`, ...(key === undefined ? {} : { 'idempotency-key': key }) },
      ...(route.method === 'GET' || request.body === undefined ? {} : { json: request.body as unknown }),
      idempotent: route.method === 'GET' || key !== undefined,
    })
    .catch((error: unknown) => {
      throw error instanceof HttpUnavailable ? unavailable : error;
    });
  if (!isFitForClients(answer)) {
    deps.logger.error({ upstream: route.service, status: answer.status }, 'an answer that cannot be passed on');
    throw unavailable;
  }
  passOn(answer, response);
}

function targetOf({ path }: ForwardedRoute, request: Request): string {
  const target = path.replaceAll(/:([a-z]+)/g, (_, name: string) => {
    const value = request.params[name];
    if (typeof value !== 'string' || !paramForm.test(value)) throw notFound;
    return value;
  });
  const queryAt = request.originalUrl.indexOf('?');
  return queryAt < 0 ? target : target + request.originalUrl.slice(queryAt);
}

/** Undefined without one; whether it is needed is the service's to say. */
function idempotencyKeyOf(request: Request): string | undefined {
  const [key, ...more] = request.headersDistinct['idempotency-key'] ?? [];
  if (key !== undefined && (more.length > 0 || !idempotencyKeyForm.test(key))) throw idempotencyKeyInvalid;
  return key;
}

/** A 401 is about the internal token, which is our affair; a redirect or HTML was not written by a service of ours. */
const isFitForClients = ({ status, headers }: HttpResponse): boolean =>
  status !== 401 &&
  (status < 300 || status >= 400) &&
  /^application\/(problem\+)?json\b/.test(String(headers['content-type'] ?? ''));

function passOn(answer: HttpResponse, response: Response): void {
  for (const name of answerHeaders) {
    const value = answer.headers[name];
    if (typeof value === 'string') response.setHeader(name, value);
  }
  const { location } = answer.headers;
  if (location?.startsWith('/')) response.setHeader('location', `/api/v1${location}`);
  response.status(answer.status).end(answer.body);
}
