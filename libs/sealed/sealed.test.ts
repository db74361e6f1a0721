import fc from 'fast-check';
import { expect, test } from 'vitest';
import { open, parseSealingKeys, SealBroken, seal } from './index.ts';

const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)].map((key) => key.toString('base64'));
const keys = parseSealingKeys(`a:${first}`);

test('A8: what was sealed opens as the same text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, aad) => {
      expect(open(keys, seal(keys, text, aad), aad)).toBe(text);
    }),
  );
});

test('A8: the same text is never sealed alike, and the sealed value does not show it', () => {
  const sealed = [seal(keys, '62000000001', 'x'), seal(keys, '62000000001', 'x')];
  expect(sealed[0]).not.toBe(sealed[1]);
  expect(sealed[0]).not.toContain(Buffer.from('62000000001').toString('base64url'));
});

test('A8: a sealed value opens only in its own place', () => {
  expect(() => open(keys, seal(keys, 'secret', 'bank_accounts:1:number'), 'bank_accounts:2:number')).toThrow(
    SealBroken,
  );
});

test('A8: any changed character breaks the seal', () => {
  const sealed = seal(keys, 'a secret of some length', 'x');
  for (let at = 0; at < sealed.length; at += 1) {
    // '.' moves a part's border; another letter changes bits. The last letter of a part may hold bits that carry nothing.
    for (const letter of ['.', sealed[at] === 'A' ? 'Q' : 'A']) {
      const changed = sealed.slice(0, at) + letter + sealed.slice(at + 1);
      if (changed !== sealed) expect(() => open(keys, changed, 'x'), changed).toThrow(SealBroken);
    }
  }
});

test('A8: after a rotation new values take the new key and old ones still open', () => {
  const rotated = parseSealingKeys(`b:${second},a:${first}`);
  expect(seal(rotated, 'new', 'x')).toMatch(/^v1\.b\./);
  expect(open(rotated, seal(keys, 'old', 'x'), 'x')).toBe('old');
  expect(() => open(parseSealingKeys(`b:${second}`), seal(keys, 'old', 'x'), 'x')).toThrow(SealBroken);
  expect(() => open(parseSealingKeys(`a:${second}`), seal(keys, 'old', 'x'), 'x')).toThrow(SealBroken);
});

test.each([
  '',
  'a',
  'a:',
  `a:${Buffer.alloc(16).toString('base64')}`,
  `:${first}`,
  `a:${first},a:${second}`,
  `a b:${first}`,
])('A8: "%s" is refused as sealing keys, without repeating it', (text) => {
  expect(() => parseSealingKeys(text)).toThrow(/^sealing key [12] (must be|repeats)/);
});
