import type { Transact } from '#libs/db';
import { auditOf } from '../audit/audit-of.ts';
import type { GatewayTx } from '../gateway-store.ts';
import type { Caller } from './caller.ts';
import { decideRefresh } from './decide-refresh.ts';
import type { Opened, SessionDeps } from './open-session.ts';
import { expiryOf, hashOf, type Session, successorOf } from './session.ts';
import type { User } from './user.ts';

export type RefreshDeps = SessionDeps & { transact: Transact<GatewayTx> };

export type Refreshed = { ok: true; user: User; opened: Opened } | { ok: false; refusal: 'invalid_refresh_token' };

const refused: Refreshed = { ok: false, refusal: 'invalid_refresh_token' };

/**
 * Gives the successor of a refresh token, and the user as he is now: a role that was taken back is gone with the next refresh. A token
 * that comes a second time ends its whole session, unless its answer may have been lost. Unknown, expired, revoked and reused are one answer.
 */
export const refresh = (deps: RefreshDeps, token: string, caller: Caller): Promise<Refreshed> =>
  // Its earlier self is found: after a COMMIT that nobody knows of, the same token gets the same successor.
  deps.transact((tx) => refreshIn(tx, deps, token, caller), { onUnknownCommit: 'rerun' });

async function refreshIn(tx: GatewayTx, deps: RefreshDeps, token: string, caller: Caller): Promise<Refreshed> {
  const hash = hashOf(token);
  const sessionId = await tx.sessionOfToken(hash);
  const session = sessionId === null ? undefined : await tx.lockSession(sessionId);
  // Read after the lock: what another replica did meanwhile is seen.
  const known = await tx.refreshToken(hash);
  if (session === undefined || known === undefined) return refused;
  const user = await tx.userById(session.userId);
  if (user === undefined) return refused;

  const successor = successorOf(session, token);
  const following = await tx.refreshToken(hashOf(successor));
  const now = deps.clock.now();
  switch (decideRefresh(now, session, known, following)) {
    case 'refuse':
      return refused;
    case 'reuse':
      await tx.revokeSessions({ userId: user.id, id: session.id }, now, 'reused');
      await tx.appendAudit(auditOf(deps, { action: 'refresh_reused', actorId: null, about: session.id }, caller));
      return refused;
    case 'repeat':
      return refreshed(user, session, successor, following?.expiresAt ?? now);
    case 'rotate': {
      const expiresAt = expiryOf(session, now, deps.refreshTtlMs);
      await tx.markUsed(hash, now);
      await tx.insertRefreshToken({
        hash: hashOf(successor),
        sessionId: session.id,
        issuedAt: now,
        expiresAt,
        usedAt: null,
      });
      await tx.extendSession(session.id, now, expiresAt);
      return refreshed(user, session, successor, expiresAt);
    }
  }
}

const refreshed = (user: User, session: Session, refreshToken: string, refreshExpiresAt: Date): Refreshed => ({
  ok: true,
  user,
  opened: { sessionId: session.id, refreshToken, refreshExpiresAt },
});
