import { auditOf } from '../audit/audit-of.ts';
import type { Caller } from './caller.ts';
import type { LogoutDeps } from './logout.ts';

/** Ends one session of the user's, or all but the one that asks. How many; another user's session is none. */
export const revokeSessions = (
  deps: LogoutDeps,
  of: { userId: string; id?: string; except?: string },
  caller: Caller,
): Promise<number> =>
  deps.transact(async (tx) => {
    const revoked = await tx.revokeSessions(of, deps.clock.now(), 'revoked');
    if (revoked > 0)
      await tx.appendAudit(
        auditOf(deps, { action: 'session_revoked', actorId: of.userId, about: of.id ?? of.userId }, caller),
      );
    return revoked;
  });
