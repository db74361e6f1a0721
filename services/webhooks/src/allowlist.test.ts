import { expect, test } from 'vitest';
import { parseAllowlist } from './allowlist.ts';

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
