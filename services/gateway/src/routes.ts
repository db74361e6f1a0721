import { Router } from 'express';
import helmet from 'helmet';
import type { Sql } from '#libs/db';
import { parseBody, refuseUnknownQuery } from '#libs/http';
import { auditRoutes } from './audit/audit-routes.ts';
import { authenticate } from './authenticate.ts';
import { callerOf } from './caller-of.ts';
import { docsPages } from './docs-page.ts';
import { type ForwardDeps, forward, forwardedRoutes } from './forward.ts';
import type { AccessTokens } from './identity/access-token.ts';
import { credentials, registration } from './identity/credentials.ts';
import { type LoginDeps, login } from './identity/login.ts';
import { type RegisterDeps, register } from './identity/register.ts';
import type { User } from './identity/user.ts';
import { operations } from './operations.ts';
import { refusals, unauthenticated } from './problems.ts';
import { returnPages } from './return-pages.ts';

/** Verifiers may keep the key set this long; a new key is published at least as long before it signs. */
const jwksMaxAgeS = 300;

/** Security headers on every answer, errors included, so they come first. Nothing may be framed or loaded. */
export const securityHeaders = (): Router =>
  Router().use(
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    }),
  );

type RoutesDeps = RegisterDeps & LoginDeps & ForwardDeps & { tokens: AccessTokens; read: Sql; trustedProxies: number };

export function routes(deps: RoutesDeps): Router {
  const router = Router();
  router.use(refuseUnknownQuery(operations, { prefix: '/api/v1' }));
  router.use(returnPages());
  router.use(docsPages());
  router.use(auditRoutes(deps));

  router.get('/.well-known/jwks.json', (_request, response) => {
    response.set('cache-control', `public, max-age=${jwksMaxAgeS}`).json(deps.tokens.jwks);
  });

  router.post('/api/v1/auth/register', async (request, response) => {
    const registered = await register(deps, parseBody(registration, request), callerOf(request, deps.trustedProxies));
    if (!registered.ok) throw refusals[registered.refusal];
    response.status(201).json(userResource(registered.user));
  });

  router.post('/api/v1/auth/login', async (request, response) => {
    const loggedIn = await login(deps, parseBody(credentials, request), callerOf(request, deps.trustedProxies));
    if (!loggedIn.ok) throw refusals[loggedIn.refusal];
    const { token, expiresInS } = deps.tokens.issue(loggedIn.user);
    response.json({ access_token: token, token_type: 'Bearer', expires_in: expiresInS });
  });

  router.get('/api/v1/me', async (request, response) => {
    const { userId } = await authenticate(deps.tokens, request);
    const user = await deps.transact((tx) => tx.userById(userId));
    if (user === undefined) throw unauthenticated;
    response.json(userResource(user));
  });

  for (const route of forwardedRoutes) {
    const method = route.method === 'GET' ? 'get' : 'post';
    router[method](`/api/v1${route.path}`, async (request, response) => {
      await forward(deps, route, await authenticate(deps.tokens, request), request, response);
    });
  }
  return router;
}

const userResource = ({ id, email, role, createdAt }: User) => ({
  id,
  email,
  role,
  created_at: createdAt.toISOString(),
});
