import type { Transact } from '#libs/db';
import type { Credentials } from './credentials.ts';
import type { Passwords } from './passwords.ts';
import type { User } from './user.ts';
import type { GatewayTx } from './user-store.ts';

export interface LoginDeps {
  transact: Transact<GatewayTx>;
  passwords: Pick<Passwords, 'verify' | 'nobodysHash'>;
}

export type LoggedIn = { ok: true; user: User } | { ok: false; refusal: 'invalid_credentials' };

/** An unknown e-mail costs the same comparison as a wrong password, so that the answer's time does not tell who has an account. */
export async function login(deps: LoginDeps, { email, password }: Credentials): Promise<LoggedIn> {
  const user = await deps.transact((tx) => tx.userByEmail(email));
  const matches = await deps.passwords.verify(user?.passwordHash ?? deps.passwords.nobodysHash, password);
  return user !== undefined && matches ? { ok: true, user } : { ok: false, refusal: 'invalid_credentials' };
}
