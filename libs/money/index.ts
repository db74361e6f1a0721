export { type AmountRefusal, amountMinorMax, formatAmount, type ParsedAmount, parseAmount } from './amount.ts';
export { type Currency, currencies, exponentOf, isCurrency } from './currency.ts';
