import { isIP } from 'node:net';

/** Entries of an `X-Forwarded-For` that are looked at, from the right; more proxies than this nobody has. */
export const trustedProxiesMax = 5;

/**
 * Who sent a request: the socket's other end, or with `trustedProxies` of ours in front the entry that the outermost of them added,
 * counted from the right. What stands further left the sender wrote himself. Undefined when the request did not come through them all.
 */
export function sourceAddress(
  socketAddress: string | undefined,
  forwardedFor: readonly string[],
  trustedProxies: number,
): string | undefined {
  const way = [...forwardedFor.flatMap((header) => header.split(',')), socketAddress ?? ''];
  const address = plainAddress(way.at(-1 - trustedProxies)?.trim() ?? '');
  return isIP(address) === 0 ? undefined : address;
}

/** `::ffff:192.0.2.1` is what a dual-stack socket calls 192.0.2.1. */
const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
