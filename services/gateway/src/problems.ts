import { Problem } from '#libs/http';
import type { PasswordChanged } from './identity/change-password.ts';
import type { LoggedIn } from './identity/login.ts';
import type { Refreshed } from './identity/refresh.ts';
import type { Registered } from './identity/register.ts';

type Refusal = Extract<LoggedIn | Registered | Refreshed | PasswordChanged, { ok: false }>['refusal'];

export const refusals: Record<Refusal, Problem> = {
  email_taken: new Problem('email_taken'),
  invalid_refresh_token: new Problem('invalid_refresh_token'),
  wrong_password: new Problem('wrong_password'),
  invalid_credentials: new Problem('invalid_credentials', { headers: { 'www-authenticate': 'Bearer' } }),
};

/** The same for a missing, an expired and a forged token. */
export const unauthenticated = new Problem('unauthenticated', { headers: { 'www-authenticate': 'Bearer' } });

export const forbidden = new Problem('forbidden');

export const notFound = new Problem('not_found');

export const idempotencyKeyInvalid = new Problem('idempotency_key_invalid');

/** How long a service needs to restart, roughly. */
const retryAfter = { 'retry-after': '2' };

const unavailable = (detail: string) => new Problem('service_unavailable', { detail, headers: retryAfter });

/** By what the client may do about it. */
export const unavailableFor = {
  read: unavailable('Nothing was changed; the same request may be sent again'),
  keyed: unavailable(
    'The request may or may not have been carried out. Send it again with the same Idempotency-Key: it will not be carried out twice',
  ),
  unkeyed: unavailable('The request may or may not have been carried out. Look before sending it again'),
};
