import type { Transact } from '#libs/db';
import { auditOf } from '../audit/audit-of.ts';
import type { GatewayTx } from '../gateway-store.ts';
import type { Caller } from './caller.ts';
import type { PasswordChange } from './credentials.ts';
import type { SessionDeps } from './open-session.ts';
import type { Passwords } from './passwords.ts';

export type ChangePasswordDeps = Pick<SessionDeps, 'clock' | 'newUuid'> & {
  transact: Transact<GatewayTx>;
  passwords: Pick<Passwords, 'hash' | 'verify'>;
};

export type PasswordChanged = { ok: true } | { ok: false; refusal: 'wrong_password' };

/** Whoever knew the old password loses every session but the one that asks. Needs the old one: a stolen access token is not enough. */
export async function changePassword(
  deps: ChangePasswordDeps,
  { userId, sessionId }: { userId: string; sessionId: string },
  { current_password, new_password }: PasswordChange,
  caller: Caller,
): Promise<PasswordChanged> {
  const user = await deps.transact((tx) => tx.userById(userId));
  const proven = user !== undefined && (await deps.passwords.verify(user.passwordHash, current_password));
  const about = userId;
  if (!proven) {
    const act = auditOf(deps, { action: 'password_change_refused', actorId: userId, about }, caller);
    await deps.transact((tx) => tx.appendAudit(act));
    return { ok: false, refusal: 'wrong_password' };
  }
  const passwordHash = await deps.passwords.hash(new_password);
  await deps.transact(async (tx) => {
    await tx.changePassword(userId, passwordHash);
    await tx.revokeSessions({ userId, except: sessionId }, deps.clock.now(), 'password_changed');
    await tx.appendAudit(auditOf(deps, { action: 'password_changed', actorId: userId, about }, caller));
  });
  return { ok: true };
}
