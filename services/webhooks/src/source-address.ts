import { BlockList, isIP } from 'node:net';

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

export type Allowlist = (address: string) => boolean;

/** Reads `192.0.2.0/24,2001:db8::/32,198.51.100.7`. Throws an Error on anything else. */
export function parseAllowlist(text: string): Allowlist {
  const list = new BlockList();
  for (const entry of text.split(',').map((part) => part.trim())) {
    const [address = '', prefix, ...more] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    const bits = family === 'ipv6' ? 128 : 32;
    const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : bits + 1;
    if (isIP(address) === 0 || more.length > 0 || length > bits) throw new Error('must be addresses or CIDR blocks');
    list.addSubnet(address, length, family);
  }
  return (address) => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
