import type { Transact } from '#libs/db';
import { auditOf } from '../audit/audit-of.ts';
import type { GatewayTx } from '../gateway-store.ts';
import type { Caller } from './caller.ts';
import type { Credentials } from './credentials.ts';
import { type Opened, openSession, type SessionDeps } from './open-session.ts';
import type { Passwords } from './passwords.ts';
import type { User } from './user.ts';

export type LoginDeps = SessionDeps & {
  transact: Transact<GatewayTx>;
  passwords: Pick<Passwords, 'verify' | 'nobodysHash'>;
};

export type LoggedIn = { ok: true; user: User; opened: Opened } | { ok: false; refusal: 'invalid_credentials' };

/**
 * Opens a session. An unknown e-mail costs the same as a wrong password, comparison and audit both, so that the answer's time does not
 * tell who has an account.
 */
export async function login(deps: LoginDeps, { email, password }: Credentials, caller: Caller): Promise<LoggedIn> {
  const user = await deps.transact((tx) => tx.userByEmail(email));
  const matches = await deps.passwords.verify(user?.passwordHash ?? deps.passwords.nobodysHash, password);
  if (user === undefined || !matches) {
    const act = auditOf(deps, { action: 'login_refused', actorId: null, about: user?.id ?? null }, caller);
    await deps.transact((tx) => tx.appendAudit(act));
    return { ok: false, refusal: 'invalid_credentials' };
  }
  return deps.transact(async (tx) => {
    const opened = await openSession(tx, deps, user.id, caller);
    await tx.appendAudit(auditOf(deps, { action: 'logged_in', actorId: user.id, about: opened.sessionId }, caller));
    return { ok: true, user, opened };
  });
}
