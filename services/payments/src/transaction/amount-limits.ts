import { type Amounts, type Currency, formatAmount } from '#libs/money';
import { problem } from '../problems.ts';

/** The smallest and the largest amount of one deposit or withdrawal, by currency (M9). A currency that is not named has no limit. */
export interface AmountLimits {
  min: Amounts;
  max: Amounts;
}

/** Throws `amount_below_minimum` or `amount_above_maximum`, which name the limit. */
export function requireWithin(
  limits: AmountLimits,
  { amountMinor, currency }: { amountMinor: bigint; currency: Currency },
): void {
  const [min, max] = [limits.min[currency], limits.max[currency]];
  if (min !== undefined && amountMinor < min) throw outside('amount_below_minimum', 'smallest', min, currency);
  if (max !== undefined && amountMinor > max) throw outside('amount_above_maximum', 'largest', max, currency);
}

function outside(
  code: 'amount_below_minimum' | 'amount_above_maximum',
  which: string,
  limitMinor: bigint,
  currency: Currency,
) {
  const amount = formatAmount(limitMinor, currency);
  const detail = `The ${which} amount is ${amount} ${currency}`;
  return problem(code, {
    detail,
    errors: [{ pointer: '/amount', code, detail }],
    members: { limit: { amount, currency } },
  });
}
