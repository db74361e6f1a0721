import { expect, test } from 'vitest';
import { sourceAddress } from './source-address.ts';

test.each([
  ['without proxies the socket speaks, whatever the header says', ['198.51.100.7'], 0, '10.0.0.9'],
  ['behind one proxy the last entry', ['203.0.113.1, 198.51.100.7'], 1, '198.51.100.7'],
  ['behind two the one before', ['203.0.113.1, 198.51.100.7', '10.0.0.8'], 2, '198.51.100.7'],
  ['what did not come through all of them has no address', ['198.51.100.7'], 2, undefined],
  ['a header that is no address', ['unknown'], 1, undefined],
  ['no header', [], 1, undefined],
  ['an IPv6 address', ['2001:db8::7'], 1, '2001:db8::7'],
  ['an IPv4 address in IPv6 clothes', ['::ffff:198.51.100.7'], 1, '198.51.100.7'],
])('W4 A5: %s', (_case, forwardedFor, proxies, address) => {
  expect(sourceAddress('10.0.0.9', forwardedFor, proxies)).toBe(address);
});

test('W4 A5: a dual-stack socket’s address is the IPv4 one', () => {
  expect(sourceAddress('::ffff:10.0.0.9', [], 0)).toBe('10.0.0.9');
  expect(sourceAddress(undefined, [], 0)).toBeUndefined();
});
