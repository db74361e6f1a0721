import { parseAmount } from './amount.ts';
import { type Currency, isCurrency } from './currency.ts';

export type Amounts = Readonly<Partial<Record<Currency, bigint>>>;

/**
 * Reads amounts as a setting has them, one per currency: `ZAR:50000.00,USD:2500.00`; an empty text names none. In minor units. Throws
 * an error that says which entry is wrong.
 */
export function parseAmounts(text: string): Amounts {
  const amounts: Partial<Record<Currency, bigint>> = {};
  for (const [index, entry] of text.split(',').entries()) {
    if (text.trim() === '') break;
    const [currency = '', amount, ...more] = entry.trim().split(':');
    if (!isCurrency(currency)) throw new Error(`amount ${index + 1} must be currency:amount, such as ZAR:50000.00`);
    const parsed = parseAmount(amount, currency);
    if (!parsed.ok || more.length > 0) throw new Error(`amount ${index + 1} is not an amount of ${currency}`);
    if (amounts[currency] !== undefined) throw new Error(`amount ${index + 1} repeats ${currency}`);
    amounts[currency] = parsed.amountMinor;
  }
  return amounts;
}
