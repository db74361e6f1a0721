import type { IncomingMessage } from 'node:http';
import { sourceAddress } from '#libs/http';
import { currentContext } from '#libs/runtime';
import type { Caller } from './identity/caller.ts';

/** Enough to tell two devices apart. */
const userAgentCharsMax = 200;

/** Where a request comes from, as the proxies of ours say, and never the client. */
export function callerOf(request: IncomingMessage, trustedProxies: number): Caller {
  const forwardedFor = [request.headers['x-forwarded-for'] ?? []].flat();
  return {
    address: sourceAddress(request.socket.remoteAddress, forwardedFor, trustedProxies) ?? null,
    requestId: currentContext().requestId ?? null,
    userAgent: request.headers['user-agent']?.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, userAgentCharsMax) ?? null,
  };
}
