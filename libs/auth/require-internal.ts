import type { IncomingMessage } from 'node:http';
import type { ServiceName } from '#libs/contracts';
import { Problem, withDeadlineOf } from '#libs/http';
import type { Actor, ServiceActor, UserActor } from './actor.ts';
import { verifyInternalToken } from './internal-token.ts';

const actors = new WeakMap<IncomingMessage, Actor>();

const unauthenticated = new Problem('unauthenticated', { headers: { 'www-authenticate': 'Bearer' } });
const forbidden = new Problem('forbidden');

/**
 * Lets through only calls that carry an internal token for `audience`, under the deadline that they tell. `keys`: the current one, and during
 * a rotation the old.
 */
export function requireInternal(expected: { audience: ServiceName; keys: readonly Buffer[] }) {
  return (request: IncomingMessage, _response: unknown, next: () => void): void => {
    const token = /^Bearer ([A-Za-z0-9._-]+)$/.exec(request.headers.authorization ?? '')?.[1];
    const speaker = token === undefined ? undefined : verifyInternalToken(token, expected);
    if (speaker === undefined) throw unauthenticated;
    actors.set(request, speaker);
    withDeadlineOf(request, next);
  };
}

/** Who speaks, once `requireInternal` let the request through. Throws 401 where no guard stood before. */
export function actorOf(request: IncomingMessage): Actor {
  const speaker = actors.get(request);
  if (speaker === undefined) throw unauthenticated;
  return speaker;
}

/** The user on whose behalf the gateway calls. Throws 403 for a service. */
export function requireUser(request: IncomingMessage): UserActor {
  const speaker = actorOf(request);
  if (speaker.kind !== 'user') throw forbidden;
  return speaker;
}

/** Whoever looks after other people's money, support and admins. Throws 403 for everybody else. */
export function requireStaff(request: IncomingMessage): UserActor {
  const speaker = requireUser(request);
  if (speaker.role === 'user') throw forbidden;
  return speaker;
}

/** Whoever may change what others only look at. Throws 403 for support too. */
export function requireAdmin(request: IncomingMessage): UserActor {
  const speaker = requireUser(request);
  if (speaker.role !== 'admin') throw forbidden;
  return speaker;
}

/** The service that calls for itself, one of `allowed` where given. Throws 403 for anybody else. */
export function requireService(request: IncomingMessage, allowed?: readonly ServiceName[]): ServiceActor {
  const speaker = actorOf(request);
  if (speaker.kind !== 'service' || allowed?.includes(speaker.service) === false) throw forbidden;
  return speaker;
}
