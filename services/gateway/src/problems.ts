import { Problem } from '#libs/http';
import type { LoggedIn } from './identity/login.ts';
import type { Registered } from './identity/register.ts';

type Refusal = Extract<LoggedIn | Registered, { ok: false }>['refusal'];

export const refusals: Record<Refusal, Problem> = {
  email_taken: new Problem('email_taken', 409, { title: 'There is a user with this e-mail address' }),
  invalid_credentials: new Problem('invalid_credentials', 401, {
    title: 'The e-mail address or the password is wrong',
    headers: { 'www-authenticate': 'Bearer' },
  }),
};

/** The same for a missing, an expired and a forged token. */
export const unauthenticated = new Problem('unauthenticated', 401, {
  title: 'A valid access token is needed',
  headers: { 'www-authenticate': 'Bearer' },
});

export const notFound = new Problem('not_found', 404, { title: 'There is nothing here' });

export const idempotencyKeyInvalid = new Problem('idempotency_key_invalid', 400, {
  title: 'The Idempotency-Key must be one header of 1 to 255 visible ASCII characters',
});

/** How long a service needs to restart, roughly. */
const retryAfter = { 'retry-after': '2' };

const unavailable = (detail: string) =>
  new Problem('service_unavailable', 503, {
    title: 'A part of the system cannot be reached at the moment',
    detail,
    headers: retryAfter,
  });

/** By what the client may do about it. */
export const unavailableFor = {
  read: unavailable('Nothing was changed; the same request may be sent again'),
  keyed: unavailable(
    'The request may or may not have been carried out. Send it again with the same Idempotency-Key: it will not be carried out twice',
  ),
  unkeyed: unavailable('The request may or may not have been carried out. Look before sending it again'),
};
