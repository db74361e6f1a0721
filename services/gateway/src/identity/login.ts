import type { Transact } from '#libs/db';
import type { Clock } from '#libs/runtime';
import type { GatewayTx } from '../gateway-store.ts';
import type { Caller } from './caller.ts';
import type { Credentials } from './credentials.ts';
import type { Passwords } from './passwords.ts';
import type { User } from './user.ts';

export interface LoginDeps {
  transact: Transact<GatewayTx>;
  passwords: Pick<Passwords, 'verify' | 'nobodysHash'>;
  clock: Clock;
  newUuid: () => string;
}

export type LoggedIn = { ok: true; user: User } | { ok: false; refusal: 'invalid_credentials' };

/**
 * An unknown e-mail costs the same as a wrong password, comparison and audit both, so that the answer's time does not tell who has an
 * account.
 */
export async function login(deps: LoginDeps, { email, password }: Credentials, caller: Caller): Promise<LoggedIn> {
  const user = await deps.transact((tx) => tx.userByEmail(email));
  const matches = await deps.passwords.verify(user?.passwordHash ?? deps.passwords.nobodysHash, password);
  const proven = user !== undefined && matches;
  await deps.transact((tx) =>
    tx.appendAudit({
      source: 'gateway',
      actId: deps.newUuid(),
      actedAt: deps.clock.now(),
      actorId: proven ? user.id : null,
      action: proven ? 'logged_in' : 'login_refused',
      about: user?.id ?? null,
      ...caller,
    }),
  );
  return proven ? { ok: true, user } : { ok: false, refusal: 'invalid_credentials' };
}
