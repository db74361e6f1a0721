import type { IncomingMessage } from 'node:http';
import type { UserActor } from '#libs/auth';
import type { Access, AccessTokens } from './identity/access-token.ts';
import { unauthenticated } from './problems.ts';

/** What the access token that the request carries says. Throws 401, for every reason alike. */
export async function accessOf(tokens: Pick<AccessTokens, 'verify'>, request: IncomingMessage): Promise<Access> {
  const token = /^Bearer ([A-Za-z0-9._-]+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const access = token === undefined ? undefined : await tokens.verify(token);
  if (access === undefined) throw unauthenticated;
  return access;
}

/** The user whose token it is. */
export const authenticate = async (
  tokens: Pick<AccessTokens, 'verify'>,
  request: IncomingMessage,
): Promise<UserActor> => (await accessOf(tokens, request)).user;
