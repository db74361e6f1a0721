import { expect, test } from 'vitest';
import { parseAmounts } from './index.ts';

test('M9: amounts of a setting are read exactly, one per currency', () => {
  expect(parseAmounts('ZAR:50000.00, JPY:900')).toEqual({ ZAR: 5_000_000n, JPY: 900n });
  expect(parseAmounts('')).toEqual({});
});

test.each(['ZAR', 'ZAR:', 'ZAR:1:2', 'ABC:1', 'ZAR:-1', 'ZAR:0', 'JPY:1.5', 'ZAR:1,ZAR:2', 'ZAR:1,'])(
  'M9: "%s" is refused as amounts',
  (text) => {
    expect(() => parseAmounts(text)).toThrow(/^amount [12] /);
  },
);
