import type { Transact } from '#libs/db';
import type { Clock } from '#libs/runtime';
import { auditOf } from '../audit/audit-of.ts';
import type { GatewayTx } from '../gateway-store.ts';
import type { Caller } from './caller.ts';
import type { Registration } from './credentials.ts';
import type { Passwords } from './passwords.ts';
import type { User } from './user.ts';

export interface RegisterDeps {
  transact: Transact<GatewayTx>;
  passwords: Pick<Passwords, 'hash'>;
  clock: Clock;
  newUuid: () => string;
}

export type Registered = { ok: true; user: User } | { ok: false; refusal: 'email_taken' };

/** Makes a user of the role `user`. Who has the e-mail is decided by the insert: of two at once the second is refused. */
export async function register(
  deps: RegisterDeps,
  { email, password }: Registration,
  caller: Caller,
): Promise<Registered> {
  const passwordHash = await deps.passwords.hash(password); // outside the transaction, which would hold its connection for 80 ms
  const user: User = { id: deps.newUuid(), email, passwordHash, role: 'user', createdAt: deps.clock.now() };
  const inserted = await deps.transact(async (tx) => {
    if (!(await tx.insertUser(user))) return false;
    await tx.appendAudit(auditOf(deps, { action: 'registered', actorId: user.id, about: user.id }, caller));
    return true;
  });
  return inserted ? { ok: true, user } : { ok: false, refusal: 'email_taken' };
}
