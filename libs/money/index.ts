export { amountMinorMax, formatAmount, parseAmount } from './amount.ts';
export { type Currency, currencies, isCurrency } from './currency.ts';
