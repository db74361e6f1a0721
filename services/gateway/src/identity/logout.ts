import type { Transact } from '#libs/db';
import { auditOf } from '../audit/audit-of.ts';
import type { GatewayTx } from '../gateway-store.ts';
import type { Caller } from './caller.ts';
import type { SessionDeps } from './open-session.ts';
import { hashOf } from './session.ts';

export type LogoutDeps = Pick<SessionDeps, 'clock' | 'newUuid'> & { transact: Transact<GatewayTx> };

/** Ends the session of a refresh token, used or not; of a token that nobody knows there is nothing to end, and nothing to tell. */
export async function logout(deps: LogoutDeps, token: string, caller: Caller): Promise<void> {
  await deps.transact(async (tx) => {
    const sessionId = await tx.sessionOfToken(hashOf(token));
    const session = sessionId === null ? undefined : await tx.lockSession(sessionId);
    if (session === undefined) return;
    const { id, userId } = session;
    if ((await tx.revokeSessions({ userId, id }, deps.clock.now(), 'logged_out')) === 0) return;
    await tx.appendAudit(auditOf(deps, { action: 'logged_out', actorId: userId, about: id }, caller));
  });
}
