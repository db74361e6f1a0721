import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { Sql, Transact } from '#libs/db';
import { Problem } from '#libs/http';
import type { Clock, Logger } from '#libs/runtime';
import type { Metrics } from '#libs/telemetry';
import type { AuditTx } from '../audit/audit-log.ts';
import { auditOf } from '../audit/audit-of.ts';
import { accessOf } from '../authenticate.ts';
import { callerOf } from '../caller-of.ts';
import type { Access, AccessTokens } from '../identity/access-token.ts';
import { blockCounter } from './block-counter.ts';
import type { Limit, RouteLimit } from './limits.ts';
import { networkOf } from './network-of.ts';
import { type Counter, sharedCounter, type Taken } from './shared-counter.ts';

export interface RateLimitDeps {
  read: Sql;
  transact: Transact<AuditTx>;
  tokens: Pick<AccessTokens, 'verify'>;
  trustedProxies: number;
  clock: Clock;
  newUuid: () => string;
  logger: Logger;
  metrics: Metrics;
}

/**
 * The limits of REQUIREMENTS A5, before a body is read. Routes are matched by the router itself: what it would take for the same path
 * is the same to the limit.
 */
export function rateLimits(deps: RateLimitDeps, limits: { general: Limit; routes: readonly RouteLimit[] }): Router {
  const refusals = deps.metrics.counter({
    name: 'rate_limit_refusals_total',
    help: 'Requests that were refused because a limit was used up',
    labels: ['limit'],
    zero: [limits.general, ...limits.routes].map(({ name }) => ({ limit: name })),
  });
  const guard = (limit: Limit, by: RouteLimit['by'], count: Counter): RequestHandler => {
    return async (request, response, next) => {
      const access = by === 'user' ? await accessIfAny(deps, request) : undefined;
      const { address } = callerOf(request, deps.trustedProxies);
      // Who is not logged in is limited by where he comes from, also where users are counted: it ends in a 401.
      const taken = await count(access === undefined ? `a:${networkOf(address)}` : `u:${access.user.userId}`);
      tell(response, limit, taken);
      if (taken.allowed) return next();
      refusals.inc({ limit: limit.name });
      if (taken.firstRefusal) await keepRefusal(deps, limit, access, request);
      throw refusalOf(limit, taken);
    };
  };

  const router = Router();
  const general = sharedCounter(deps.read, deps.clock, limits.general);
  router.use(guard(limits.general, 'user', blockCounter(general, deps.clock, limits.general)));
  for (const limit of limits.routes) {
    const exact = sharedCounter(deps.read, deps.clock, limit);
    const handler = guard(limit, limit.by, (key) => exact(key, 1));
    for (const { method, path } of limit.routes) router[method](path, handler);
  }
  return router;
}

const accessIfAny = (deps: RateLimitDeps, request: Request): Promise<Access | undefined> =>
  accessOf(deps.tokens, request).catch(() => undefined);

const secondsOf = (ms: number): number => Math.ceil(ms / 1000);

/** `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10): structured fields, one member per limit. */
function tell(response: Response, { name, max, windowS }: Limit, { remaining, resetMs }: Taken): void {
  const add = (header: string, member: string) =>
    response.setHeader(header, [response.getHeader(header) ?? [], member].flat().join(', '));
  add('ratelimit-policy', `"${name}";q=${max};w=${windowS}`);
  add('ratelimit', `"${name}";r=${remaining};t=${secondsOf(resetMs)}`);
}

const refusalOf = ({ name, max, windowS }: Limit, { resetMs }: Taken): Problem =>
  new Problem('rate_limited', {
    detail: `The limit "${name}" is ${max} in ${windowS} seconds`,
    headers: { 'retry-after': String(Math.max(1, secondsOf(resetMs))) },
  });

/** Best effort: a refusal must not fail because it could not be written down. */
async function keepRefusal(deps: RateLimitDeps, { name }: Limit, access: Access | undefined, request: Request) {
  const act = { action: 'rate_limited', actorId: access?.user.userId ?? null, about: name } as const;
  await deps
    .transact((tx) => tx.appendAudit(auditOf(deps, act, callerOf(request, deps.trustedProxies))))
    .catch((err: unknown) => deps.logger.warn({ err }, 'a refusal is not in the audit log'));
}
