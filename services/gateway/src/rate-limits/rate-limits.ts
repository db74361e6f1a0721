import type { IncomingMessage } from 'node:http';
import { Router } from 'express';
import type { Sql, Transact } from '#libs/db';
import type { ShortRoute, Step } from '#libs/http';
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

export interface RateLimits {
  /** Counts every request. */
  general: Step;
  /** The limits of single routes, matched by the router itself: what it would take for the same path is the same to the limit. */
  ofRoutes: Router;
  /** The same for a route that is taken past the router. */
  of(route: Pick<ShortRoute, 'method' | 'path'>): readonly Step[];
}

/** The limits of REQUIREMENTS A5, before a body is read. */
export function rateLimits(deps: RateLimitDeps, limits: { general: Limit; routes: readonly RouteLimit[] }): RateLimits {
  const refusals = deps.metrics.counter({
    name: 'rate_limit_refusals_total',
    help: 'Requests that were refused because a limit was used up',
    labels: ['limit'],
    zero: [limits.general, ...limits.routes].map(({ name }) => ({ limit: name })),
  });
  const guard = (limit: Limit, by: RouteLimit['by'], count: Counter): Step => {
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

  const general = sharedCounter(deps.read, deps.clock, limits.general);
  const guarded = limits.routes.flatMap((limit) => {
    const exact = sharedCounter(deps.read, deps.clock, limit);
    const step = guard(limit, limit.by, (key) => exact(key, 1));
    return limit.routes.map((route) => ({ ...route, step }));
  });
  const ofRoutes = Router();
  for (const { method, path, step } of guarded) ofRoutes[method](path, step);
  return {
    general: guard(limits.general, 'user', blockCounter(general, deps.clock, limits.general)),
    ofRoutes,
    of: ({ method, path }) =>
      guarded.filter((each) => each.method === method.toLowerCase() && each.path === path).map(({ step }) => step),
  };
}

const accessIfAny = (deps: RateLimitDeps, request: IncomingMessage): Promise<Access | undefined> =>
  accessOf(deps.tokens, request).catch(() => undefined);

/** Best effort: a refusal must not fail because it could not be written down. */
async function keepRefusal(deps: RateLimitDeps, { name }: Limit, access: Access | undefined, request: IncomingMessage) {
  const act = { action: 'rate_limited', actorId: access?.user.userId ?? null, about: name } as const;
  await deps
    .transact((tx) => tx.appendAudit(auditOf(deps, act, callerOf(request, deps.trustedProxies))))
    .catch((err: unknown) => deps.logger.warn({ err }, 'a refusal is not in the audit log'));
}
