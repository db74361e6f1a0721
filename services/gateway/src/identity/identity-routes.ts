import { type Request, Router } from 'express';
import { parseBody } from '#libs/http';
import { accessOf, authenticate } from '../authenticate.ts';
import { callerOf } from '../caller-of.ts';
import { forbidden, notFound, refusals, unauthenticated } from '../problems.ts';
import type { AccessTokens } from './access-token.ts';
import { type ChangePasswordDeps, changePassword } from './change-password.ts';
import { credentials, passwordChange, refreshTokenBody, registration } from './credentials.ts';
import { type LoginDeps, login } from './login.ts';
import { logout } from './logout.ts';
import type { Opened } from './open-session.ts';
import { refresh } from './refresh.ts';
import { type RegisterDeps, register } from './register.ts';
import { revokeSessions } from './revoke-sessions.ts';
import type { Session } from './session.ts';
import type { User } from './user.ts';

export type IdentityDeps = RegisterDeps &
  LoginDeps &
  ChangePasswordDeps & { tokens: AccessTokens; trustedProxies: number };

const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Who somebody is, and for how long we take their word for it (REQUIREMENTS A1). */
export function identityRoutes(deps: IdentityDeps): Router {
  const router = Router();
  const caller = (request: Request) => callerOf(request, deps.trustedProxies);

  router.post('/api/v1/auth/register', async (request, response) => {
    const registered = await register(deps, parseBody(registration, request), caller(request));
    if (!registered.ok) throw refusals[registered.refusal];
    response.status(201).json(userResource(registered.user));
  });

  router.post('/api/v1/auth/login', async (request, response) => {
    const loggedIn = await login(deps, parseBody(credentials, request), caller(request));
    if (!loggedIn.ok) throw refusals[loggedIn.refusal];
    response.json(tokensFor(deps, loggedIn));
  });

  router.post('/api/v1/auth/refresh', async (request, response) => {
    const { refresh_token } = parseBody(refreshTokenBody, request);
    const refreshed = await refresh(deps, refresh_token, caller(request));
    if (!refreshed.ok) throw refusals[refreshed.refusal];
    response.json(tokensFor(deps, refreshed));
  });

  router.post('/api/v1/auth/logout', async (request, response) => {
    await logout(deps, parseBody(refreshTokenBody, request).refresh_token, caller(request));
    response.status(204).end();
  });

  router.get('/api/v1/auth/sessions', async (request, response) => {
    const { userId, sessionId } = await ownSession(deps, request);
    const sessions = await deps.transact((tx) => tx.liveSessions(userId, deps.clock.now()));
    response.json({ data: sessions.map((session) => sessionResource(session, sessionId)) });
  });

  router.delete('/api/v1/auth/sessions', async (request, response) => {
    const { userId, sessionId } = await ownSession(deps, request);
    await revokeSessions(deps, { userId, except: sessionId }, caller(request));
    response.status(204).end();
  });

  router.delete('/api/v1/auth/sessions/:id', async (request, response) => {
    const { userId } = await ownSession(deps, request);
    const { id } = request.params;
    if (!uuidForm.test(id) || (await revokeSessions(deps, { userId, id }, caller(request))) === 0) throw notFound;
    response.status(204).end();
  });

  router.post('/api/v1/auth/password', async (request, response) => {
    const own = await ownSession(deps, request);
    const changed = await changePassword(deps, own, parseBody(passwordChange, request), caller(request));
    if (!changed.ok) throw refusals[changed.refusal];
    response.status(204).end();
  });

  router.get('/api/v1/me', async (request, response) => {
    const { userId } = await authenticate(deps.tokens, request);
    const user = await deps.transact((tx) => tx.userById(userId));
    if (user === undefined) throw unauthenticated;
    response.json(userResource(user));
  });
  return router;
}

/** Users of the external issuer keep their sessions and passwords there: 403. */
async function ownSession({ tokens }: IdentityDeps, request: Request): Promise<{ userId: string; sessionId: string }> {
  const { user, sessionId } = await accessOf(tokens, request);
  if (sessionId === null) throw forbidden;
  return { userId: user.userId, sessionId };
}

function tokensFor({ tokens, clock }: IdentityDeps, { user, opened }: { user: User; opened: Opened }) {
  const { token, expiresInS } = tokens.issue(user, opened.sessionId);
  const refreshLeftMs = opened.refreshExpiresAt.getTime() - clock.now().getTime();
  return {
    access_token: token,
    token_type: 'Bearer',
    expires_in: expiresInS,
    refresh_token: opened.refreshToken,
    refresh_expires_in: Math.floor(refreshLeftMs / 1000),
  };
}

const userResource = ({ id, email, role, createdAt }: User) => ({
  id,
  email,
  role,
  created_at: createdAt.toISOString(),
});

const sessionResource = (session: Session, currentId: string) => ({
  id: session.id,
  created_at: session.createdAt.toISOString(),
  last_used_at: session.lastUsedAt.toISOString(),
  expires_at: session.expiresAt.toISOString(),
  address: session.address,
  user_agent: session.userAgent,
  current: session.id === currentId,
});
