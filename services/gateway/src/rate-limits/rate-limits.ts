import { type Request, type RequestHandler, Router } from 'express';
import type { Sql, Transact } from '#libs/db';
import { type Limit, limitRefusal, sharedCounter, tellLimit } from '#libs/rate-limits';
import type { Clock, Logger } from '#libs/runtime';
import type { Metrics } from '#libs/telemetry';
import type { AuditTx } from '../audit/audit-log.ts';
import { auditOf } from '../audit/audit-of.ts';
import { accessOf } from '../authenticate.ts';
import { callerOf } from '../caller-of.ts';
import type { Access, AccessTokens } from '../identity/access-token.ts';
import { blockCounter, type Counter } from './block-counter.ts';
import type { RouteLimit } from './limits.ts';
import { networkOf } from './network-of.ts';

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
      tellLimit(response, limit, taken);
      if (taken.allowed) return next();
      refusals.inc({ limit: limit.name });
      if (taken.firstRefusal) await keepRefusal(deps, limit, access, request);
      throw limitRefusal(limit, taken);
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

/** Best effort: a refusal must not fail because it could not be written down. */
async function keepRefusal(deps: RateLimitDeps, { name }: Limit, access: Access | undefined, request: Request) {
  const act = { action: 'rate_limited', actorId: access?.user.userId ?? null, about: name } as const;
  await deps
    .transact((tx) => tx.appendAudit(auditOf(deps, act, callerOf(request, deps.trustedProxies))))
    .catch((err: unknown) => deps.logger.warn({ err }, 'a refusal is not in the audit log'));
}
