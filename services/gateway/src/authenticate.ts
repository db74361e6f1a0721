import type { Request } from 'express';
import type { UserActor } from '#libs/auth';
import type { AccessTokens } from './identity/access-token.ts';
import { unauthenticated } from './problems.ts';

/** The user whose access token the request carries. Throws 401, for every reason alike. */
export async function authenticate(tokens: Pick<AccessTokens, 'verify'>, request: Request): Promise<UserActor> {
  const token = /^Bearer ([A-Za-z0-9._-]+)$/.exec(request.get('authorization') ?? '')?.[1];
  const user = token === undefined ? undefined : await tokens.verify(token);
  if (user === undefined) throw unauthenticated;
  return user;
}
