import { BlockList, isIP } from 'node:net';

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
