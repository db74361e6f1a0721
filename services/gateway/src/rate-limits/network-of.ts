import { isIPv6 } from 'node:net';

/**
 * Whom an address stands for: an IPv4 address for itself, an IPv6 address for its /64, of which every line has one and can use all
 * 2^64 addresses. Who did not come through our proxies stands for all of that kind.
 */
export function networkOf(address: string | null): string {
  if (address === null) return 'unknown';
  if (!isIPv6(address)) return address;
  const [before = '', after] = address.replace(/%.*$/, '').toLowerCase().split('::');
  const groups = (text: string | undefined): string[] => (text === undefined || text === '' ? [] : text.split(':'));
  const head = groups(before);
  const tail = groups(after);
  // An IPv4 address at the end takes the place of two groups; it is never among the first four.
  const width = [...head, ...tail].reduce((sum, group) => sum + (group.includes('.') ? 2 : 1), 0);
  const all = after === undefined ? head : [...head, ...Array<string>(8 - width).fill('0'), ...tail];
  const first = all.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${first.join(':')}::/64`;
}
