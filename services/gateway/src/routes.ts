import type { IncomingMessage, ServerResponse } from 'node:http';
import { Router } from 'express';
import helmet from 'helmet';
import type { Sql } from '#libs/db';
import { refuseUnknownQuery, type ShortRoute, type Step } from '#libs/http';
import { auditRoutes } from './audit/audit-routes.ts';
import { authenticate } from './authenticate.ts';
import { docsPages } from './docs-page.ts';
import { type ForwardDeps, forward, forwardedRoutes } from './forward.ts';
import { type IdentityDeps, identityRoutes } from './identity/identity-routes.ts';
import { liveRoutes } from './live/live-routes.ts';
import type { LiveStreams } from './live/live-streams.ts';
import { operations } from './operations.ts';
import { returnPages } from './return-pages.ts';
import { storyRoutes } from './story/story-routes.ts';

/** Verifiers may keep the key set this long; a new key is published at least as long before it signs. */
const jwksMaxAgeS = 300;

/**
 * Security headers on every answer, errors included, so they come first. Nothing may be framed or loaded. They are the same on each, so helmet
 * says once what they are.
 */
export function securityHeaders(): Step {
  const headers = new Map<string, string>();
  const answer = { setHeader: (name: string, value: string) => headers.set(name, value), removeHeader: () => {} };
  helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  })({} as IncomingMessage, answer as unknown as ServerResponse, () => {});
  return (_request, response, next) => {
    response.setHeaders(headers);
    next();
  };
}

type RoutesDeps = IdentityDeps & ForwardDeps & { read: Sql; live: LiveStreams };

export function routes(deps: RoutesDeps): { routes: Router; shortRoutes: readonly ShortRoute[] } {
  const router = Router();
  router.use(returnPages()); // whatever Revio adds to their address: a payer must not be shown a 400
  router.use(refuseUnknownQuery(operations, { prefix: '/api/v1' }));
  const shortRoutes = forwardedRoutes.map((route): ShortRoute => {
    const pass: Step = async (request, response) =>
      forward(deps, route, await authenticate(deps.tokens, request), request, response);
    return { method: route.method, path: `/api/v1${route.path}`, steps: [pass] };
  });
  // Before the others, because nearly every request is one of these, and each router that it passes by costs it something.
  for (const { method, path, steps } of shortRoutes)
    router[method.toLowerCase() as Lowercase<typeof method>](path, ...steps);
  router.use(docsPages());
  router.use(auditRoutes(deps));
  router.use(identityRoutes(deps));
  router.use(liveRoutes(deps));
  router.use(storyRoutes(deps));

  router.get('/.well-known/jwks.json', (_request, response) => {
    response.set('cache-control', `public, max-age=${jwksMaxAgeS}`).json(deps.tokens.jwks);
  });
  return { routes: router, shortRoutes };
}
