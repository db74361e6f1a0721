import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NotRevioObject, parseStrictJson } from './index.ts';

test('W1: whatever JSON.stringify writes is read back', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), (text) => {
      expect(parseStrictJson(Buffer.from(text))).toEqual(JSON.parse(text));
    }),
  );
});

test('M8: whichever name of whatever object is written twice, it is refused', () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1, noNullPrototype: true });
  fc.assert(
    fc.property(object, fc.nat(), fc.jsonValue(), (fields, n, value) => {
      const names = Object.keys(fields);
      const again = `${JSON.stringify(names[n % names.length])}:${JSON.stringify(value)}`;
      const text = `[{"around":${JSON.stringify(fields).slice(0, -1)},${again}}}]`;
      expect(JSON.parse(text)).toHaveLength(1);
      expect(() => parseStrictJson(text)).toThrow('a name is repeated');
    }),
  );
});

test.each([
  ['two amounts', '{"payment":{"amount":100,"amount":15000}}'],
  ['a repeated name behind a string that holds brackets', '{"a":"}{\\"a\\":","b":[{"c":1}],"a":2}'],
  ['the same name written with an escape', '{"amount":1,"\\u0061mount":2}'],
  ['a repeated __proto__', '{"__proto__":1,"__proto__":2}'],
])('M8: %s is refused: which one counts is anybody’s guess', (_case, text) => {
  expect(() => parseStrictJson(text)).toThrow(NotRevioObject);
});

test('M8: the same name in two objects is no repetition', () => {
  expect(parseStrictJson('{"a":{"id":1},"b":[{"id":2},{"id":3}],"id":"id"}')).toMatchObject({ id: 'id' });
});

test.each([
  ['text', Buffer.from('not json')],
  ['nothing', Buffer.alloc(0)],
  ['a byte order mark', Buffer.from('\uFEFF{}')],
  ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
  ['a thousand levels', Buffer.from('['.repeat(1000) + ']'.repeat(1000))],
])('W1: %s is refused, and not quoted', (_case, raw) => {
  expect(() => parseStrictJson(raw)).toThrow(NotRevioObject);
  expect(() => parseStrictJson(raw)).not.toThrow(/\[\[|not json"/);
});
