import { type Currency, exponentOf } from './currency.ts';

/**
 * The largest amount one operation may name: ten billion in a two-digit currency. Far above any limit that a wallet sets, far
 * below 2^63, so that a million of them still add up inside a PostgreSQL bigint.
 */
export const amountMinorMax = 1_000_000_000_000n;

/** Longer texts are refused before any pattern runs: the largest amount with three decimals has 14 characters. */
const textLengthMax = 24;

type AmountRefusal = 'not_a_decimal_string' | 'too_many_decimals' | 'not_positive' | 'too_large';

type ParsedAmount = { ok: true; amountMinor: bigint } | { ok: false; refusal: AmountRefusal };

/**
 * Reads a decimal string such as `"150.00"` as integer minor units of `currency` (ISO 4217 exponent).
 * Only ASCII digits with one optional point: no sign, exponent, grouping, space or other script's digits. Anything that is not a
 * string is refused too: a JSON number has been through a float already.
 */
export function parseAmount(raw: unknown, currency: Currency): ParsedAmount {
  if (typeof raw !== 'string' || raw.length > textLengthMax) return { ok: false, refusal: 'not_a_decimal_string' };
  const match = /^(0|[1-9][0-9]*)(?:\.([0-9]+))?$/.exec(raw);
  if (!match) return { ok: false, refusal: 'not_a_decimal_string' };
  const [, units = '', decimals = ''] = match;
  const exponent = exponentOf(currency);
  if (decimals.length > exponent) return { ok: false, refusal: 'too_many_decimals' };
  const amountMinor = BigInt(units + decimals.padEnd(exponent, '0'));
  if (amountMinor === 0n) return { ok: false, refusal: 'not_positive' };
  if (amountMinor > amountMinorMax) return { ok: false, refusal: 'too_large' };
  return { ok: true, amountMinor };
}

/** Writes minor units as a decimal string with all of the currency's digits: `15000n, 'ZAR'` → `"150.00"`. Negative amounts keep their sign. */
export function formatAmount(amountMinor: bigint, currency: Currency): string {
  const exponent = exponentOf(currency);
  const sign = amountMinor < 0n ? '-' : '';
  const digits = (amountMinor < 0n ? -amountMinor : amountMinor).toString().padStart(exponent + 1, '0');
  return exponent === 0 ? sign + digits : `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}
