import type { ServerResponse } from 'node:http';
import { internalTokenFor, type UserActor } from '#libs/auth';
import type { Sql } from '#libs/db';
import { type HttpResponse, HttpUnavailable, type ReadRequest } from '#libs/http';
import type { Logger } from '#libs/runtime';
import { queryOf, withEmails, withUserId } from './name-users.ts';
import { idempotencyKeyInvalid, notFound, unavailableFor } from './problems.ts';
import { streamExport } from './stream-export.ts';
import type { Upstream } from './upstream.ts';

export interface ForwardedRoute {
  method: 'GET' | 'POST' | 'DELETE';
  /** Behind `/api/v1` for the public; at the service as it is, without the `/admin` that says whose it is. */
  path: string;
  service: 'wallet' | 'payments' | 'webhooks' | 'reconciler';
  /**
   * Not in one piece and word for word: a file as it comes; or, of a list across users, with the e-mails that only the gateway knows. The
   * latter keeps its whole address at the service, where the same list without `/admin` is one user's own.
   */
  passedOn?: 'as a stream' | 'with e-mails';
}

/** All that the public may ask of other services, always as a user. What is not here cannot be reached from outside. */
export const forwardedRoutes: readonly ForwardedRoute[] = [
  { method: 'POST', path: '/deposits', service: 'payments' },
  { method: 'POST', path: '/withdrawals', service: 'payments' },
  { method: 'POST', path: '/withdrawals/:id/cancel', service: 'payments' },
  { method: 'POST', path: '/bank-accounts', service: 'payments' },
  { method: 'GET', path: '/bank-accounts', service: 'payments' },
  { method: 'DELETE', path: '/bank-accounts/:id', service: 'payments' },
  { method: 'GET', path: '/transactions', service: 'payments' },
  { method: 'GET', path: '/transactions/export', service: 'payments', passedOn: 'as a stream' },
  { method: 'GET', path: '/transactions/:id', service: 'payments' },
  { method: 'GET', path: '/admin/transactions', service: 'payments', passedOn: 'with e-mails' },
  { method: 'GET', path: '/admin/transactions/:id', service: 'payments', passedOn: 'with e-mails' },
  { method: 'GET', path: '/wallets', service: 'wallet' },
  { method: 'GET', path: '/wallets/:currency', service: 'wallet' },
  { method: 'GET', path: '/admin/withdrawals', service: 'payments' },
  { method: 'POST', path: '/admin/withdrawals/:id/approve', service: 'payments' },
  { method: 'POST', path: '/admin/withdrawals/:id/reject', service: 'payments' },
  { method: 'GET', path: '/admin/freezes', service: 'wallet' },
  { method: 'POST', path: '/admin/freezes', service: 'wallet' },
  { method: 'POST', path: '/admin/freezes/:id/release', service: 'wallet' },
  { method: 'GET', path: '/admin/deliveries', service: 'webhooks' },
  { method: 'GET', path: '/admin/cases', service: 'reconciler' },
  { method: 'GET', path: '/admin/cases/:id', service: 'reconciler' },
  { method: 'POST', path: '/admin/cases/:id/assign', service: 'reconciler' },
  { method: 'POST', path: '/admin/cases/:id/comment', service: 'reconciler' },
  { method: 'POST', path: '/admin/cases/:id/dismiss', service: 'reconciler' },
  { method: 'POST', path: '/admin/cases/:id/resolve', service: 'reconciler' },
  { method: 'POST', path: '/admin/cases/:id/resolutions', service: 'reconciler' },
  { method: 'POST', path: '/admin/adjustments', service: 'reconciler' },
  { method: 'GET', path: '/admin/proposals', service: 'reconciler' },
  { method: 'GET', path: '/admin/proposals/:id', service: 'reconciler' },
  { method: 'POST', path: '/admin/proposals/:id/approve', service: 'reconciler' },
  { method: 'POST', path: '/admin/proposals/:id/reject', service: 'reconciler' },
  { method: 'GET', path: '/admin/reports', service: 'reconciler' },
  { method: 'GET', path: '/admin/reports/:day/:currency', service: 'reconciler' },
  { method: 'GET', path: '/admin/reports/:day/:currency/export', service: 'reconciler', passedOn: 'as a stream' },
  { method: 'POST', path: '/admin/reports/:day/:currency/runs', service: 'reconciler' },
  { method: 'POST', path: '/admin/statements', service: 'reconciler' },
  { method: 'GET', path: '/admin/dead-letters', service: 'reconciler' },
  { method: 'GET', path: '/admin/dead-letters/:id', service: 'reconciler' },
  { method: 'POST', path: '/admin/dead-letters/:id/replay', service: 'reconciler' },
  { method: 'POST', path: '/admin/dead-letters/:id/discard', service: 'reconciler' },
  { method: 'GET', path: '/admin/dead-letter-groups', service: 'reconciler' },
  { method: 'GET', path: '/admin/dead-letter-replays', service: 'reconciler' },
  { method: 'POST', path: '/admin/dead-letter-replays', service: 'reconciler' },
  { method: 'GET', path: '/admin/dead-letter-replays/:id', service: 'reconciler' },
  { method: 'POST', path: '/admin/dead-letter-replays/:id/cancel', service: 'reconciler' },
];

export interface ForwardDeps {
  /** Whose e-mail is whose. */
  read: Sql;
  upstreams: Record<ForwardedRoute['service'], Upstream>;
  logger: Logger;
}

/** Ids are ULIDs with a prefix, UUIDs or currencies; what else stands in a path names nothing. */
const paramForm = /^[A-Za-z0-9_-]{1,64}$/;
const idempotencyKeyForm = /^[\x21-\x7e]{1,255}$/;
/** The only answer headers that are the service's to give. */
const answerHeaders = ['content-type', 'etag', 'retry-after', 'idempotent-replayed'];
/** What a person has read and now decides upon (RFC 9110 §13.1.1). Another form matches nothing, so it is not passed on. */
const entityTagForm = /^"[0-9a-f]{64}"$/;

/**
 * Passes a request of `user` on: its JSON body, its query, its Idempotency-Key and If-Match, the request's id and trace (createClient adds them)
 * and an internal token. Nothing else that came in goes out, so that no header of a client's ever speaks to a service.
 */
export async function forward(
  deps: ForwardDeps,
  route: ForwardedRoute,
  user: UserActor,
  request: ReadRequest,
  response: ServerResponse,
): Promise<void> {
  const { client, internalKey } = deps.upstreams[route.service];
  const named = route.passedOn === 'with e-mails' && user.role !== 'user';
  const path = targetOf(route, request) + (named ? await withUserId(deps.read, request) : queryOf(request));
  const key = idempotencyKeyOf(request);
  const unavailable = unavailableFor[route.method === 'GET' ? 'read' : key === undefined ? 'unkeyed' : 'keyed'];
  const ifMatch = request.headers['if-match'];
  const token = internalTokenFor(internalKey, { audience: route.service, actor: user });
  if (route.passedOn === 'as a stream') {
    return streamExport(deps.upstreams[route.service], { path, token }, request, response);
  }
  const answer = await client
    .request({
      method: route.method,
      path,
      headers: {
        authorization: `Bearer ${token}`,
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...(ifMatch === undefined || !entityTagForm.test(ifMatch) ? {} : { 'if-match': ifMatch }),
      },
      ...(route.method !== 'POST' || request.body === undefined ? {} : { json: request.body }),
      idempotent: route.method !== 'POST' || key !== undefined,
    })
    .catch((error: unknown) => {
      throw error instanceof HttpUnavailable ? unavailable : error;
    });
  if (!isFitForClients(answer)) {
    deps.logger.error({ upstream: route.service, status: answer.status }, 'an answer that cannot be passed on');
    throw unavailable;
  }
  passOn(named ? await withEmails(deps.read, answer) : answer, response);
}

function targetOf({ path, passedOn }: ForwardedRoute, request: ReadRequest): string {
  const address = passedOn === 'with e-mails' ? path : path.replace(/^\/admin/, '');
  return address.replaceAll(/:([a-z]+)/g, (_, name: string) => {
    const value = request.params?.[name];
    if (typeof value !== 'string' || !paramForm.test(value)) throw notFound;
    return value;
  });
}

/** Undefined without one; whether it is needed is the service's to say. Of several Node makes one with spaces, which none may have. */
function idempotencyKeyOf({ headers }: ReadRequest): string | undefined {
  const key = headers['idempotency-key'];
  if (key !== undefined && (typeof key !== 'string' || !idempotencyKeyForm.test(key))) throw idempotencyKeyInvalid;
  return key;
}

/** A 401 is about the internal token, which is our affair; a redirect or HTML was not written by a service of ours. */
const isFitForClients = ({ status, headers }: HttpResponse): boolean =>
  status !== 401 &&
  (status < 300 || status >= 400) &&
  (status === 204 || /^application\/(problem\+)?json\b/.test(String(headers['content-type'] ?? '')));

function passOn(answer: HttpResponse, response: ServerResponse): void {
  for (const name of answerHeaders) {
    const value = answer.headers[name];
    if (typeof value === 'string') response.setHeader(name, value);
  }
  const { location } = answer.headers;
  if (location?.startsWith('/')) response.setHeader('location', `/api/v1${location}`);
  response.statusCode = answer.status;
  response.end(answer.body);
}
