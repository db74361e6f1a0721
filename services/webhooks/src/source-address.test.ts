import { expect, test } from 'vitest';
import { parseAllowlist, sourceAddress } from './source-address.ts';

test.each([
  ['without proxies the socket speaks, whatever the header says', ['198.51.100.7'], 0, '10.0.0.9'],
  ['behind one proxy the last entry', ['203.0.113.1, 198.51.100.7'], 1, '198.51.100.7'],
  ['behind two the one before', ['203.0.113.1, 198.51.100.7', '10.0.0.8'], 2, '198.51.100.7'],
  ['what did not come through all of them has no address', ['198.51.100.7'], 2, undefined],
  ['a header that is no address', ['unknown'], 1, undefined],
  ['no header', [], 1, undefined],
  ['an IPv6 address', ['2001:db8::7'], 1, '2001:db8::7'],
  ['an IPv4 address in IPv6 clothes', ['::ffff:198.51.100.7'], 1, '198.51.100.7'],
])('W4: %s', (_case, forwardedFor, proxies, address) => {
  expect(sourceAddress('10.0.0.9', forwardedFor, proxies)).toBe(address);
});

test('W4: a dual-stack socket’s address is the IPv4 one', () => {
  expect(sourceAddress('::ffff:10.0.0.9', [], 0)).toBe('10.0.0.9');
  expect(sourceAddress(undefined, [], 0)).toBeUndefined();
});

test('W4: addresses and blocks of both families', () => {
  const isAllowed = parseAllowlist('192.0.2.0/24, 198.51.100.7,2001:db8::/32');
  const allowed = ['192.0.2.0', '192.0.2.255', '198.51.100.7', '2001:db8:ffff::1'];
  const others = ['192.0.3.0', '198.51.100.8', '2001:db9::1', '::1'];
  expect([...allowed, ...others].filter(isAllowed)).toEqual(allowed);
});

test.each(['', 'revio.example', '192.0.2.0/33', '192.0.2.0/', '192.0.2.0/24/1', '2001:db8::/129', '192.0.2.0/-1'])(
  'W4: %j is no allowlist',
  (text) => {
    expect(() => parseAllowlist(text)).toThrow('must be addresses or CIDR blocks');
  },
);
