import fc from 'fast-check';
import { expect, test } from 'vitest';
import { amountMinorMax, currencies, formatAmount, parseAmount } from './index.ts';

test.each([
  ['150.00', 'ZAR', 15000n],
  ['150', 'ZAR', 15000n],
  ['0.01', 'ZAR', 1n],
  ['0.5', 'ZAR', 50n],
  ['7', 'JPY', 7n],
  ['1.234', 'KWD', 1234n],
  ['10000000000.00', 'ZAR', amountMinorMax],
] as const)('M8: %s %s is %d minor units', (text, currency, amountMinor) => {
  expect(parseAmount(text, currency)).toEqual({ ok: true, amountMinor });
});

test.each([
  ['1.005', 'too_many_decimals'],
  ['-1', 'not_a_decimal_string'],
  ['+1', 'not_a_decimal_string'],
  ['1e3', 'not_a_decimal_string'],
  [1.5, 'not_a_decimal_string'],
  [15000n, 'not_a_decimal_string'],
  ['١٢', 'not_a_decimal_string'],
  ['999999999999999999', 'too_large'],
  ['10000000000.01', 'too_large'],
  ['0', 'not_positive'],
  ['0.00', 'not_positive'],
  ['', 'not_a_decimal_string'],
  ['1.', 'not_a_decimal_string'],
  ['.5', 'not_a_decimal_string'],
  ['01', 'not_a_decimal_string'],
  [' 1', 'not_a_decimal_string'],
  ['1\n', 'not_a_decimal_string'],
  ['1,5', 'not_a_decimal_string'],
  ['0x10', 'not_a_decimal_string'],
  ['NaN', 'not_a_decimal_string'],
  ['9'.repeat(100_000), 'not_a_decimal_string'],
  [null, 'not_a_decimal_string'],
  [undefined, 'not_a_decimal_string'],
] as const)('M8: %s is refused as %s', (raw, refusal) => {
  expect(parseAmount(raw, 'ZAR')).toEqual({ ok: false, refusal });
});

test('M8: what is written reads back as the same minor units, in every currency', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 1n, max: amountMinorMax }),
      fc.constantFrom(...currencies),
      (amountMinor, currency) => {
        expect(parseAmount(formatAmount(amountMinor, currency), currency)).toEqual({ ok: true, amountMinor });
      },
    ),
  );
});

test('M8: a negative sum is written with its sign', () => {
  expect(formatAmount(-5n, 'ZAR')).toBe('-0.05');
});
