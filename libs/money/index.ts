export { amountMinorMax, formatAmount, parseAmount } from './amount.ts';
export { type Amounts, parseAmounts } from './amounts.ts';
export { type Currency, currencies, exponentOf, isCurrency } from './currency.ts';
