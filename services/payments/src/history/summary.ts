import { type Currency, currencies, formatAmount } from '#libs/money';
import type { Transaction } from '../transaction/transaction.ts';

/** What moved through one currency's wallet, in minor units. */
export interface Totals {
  depositedMinor: bigint;
  withdrawnMinor: bigint;
}

export type Moved = Pick<Transaction, 'kind' | 'reversal' | 'currency' | 'amountMinor'>;

/** Which way a completed transaction moves the money of its wallet. */
export const directionOf = ({ kind, reversal }: Pick<Transaction, 'kind' | 'reversal'>): 'in' | 'out' =>
  kind === 'deposit' || reversal === 'payout_return' ? 'in' : 'out';

/**
 * Adds what a completed transaction, or a sum of equal ones, moved. What comes back counts against what it turns back: a refund or chargeback
 * lowers `deposited`, a returned payout lowers `withdrawn`. `net` is therefore what all of them together did to the wallet.
 */
export function addMoved(totals: Map<Currency, Totals>, { kind, reversal, currency, amountMinor }: Moved): void {
  const of = totals.get(currency) ?? { depositedMinor: 0n, withdrawnMinor: 0n };
  if (kind === 'deposit') of.depositedMinor += amountMinor;
  else if (kind === 'withdrawal') of.withdrawnMinor += amountMinor;
  else if (reversal === 'payout_return') of.withdrawnMinor -= amountMinor;
  else of.depositedMinor -= amountMinor;
  totals.set(currency, of);
}

export interface SummaryResource {
  currency: Currency;
  deposited: string;
  withdrawn: string;
  net: string;
}

/** One line for each currency that moved, in the order of the currencies' list. */
export const summaryOf = (totals: ReadonlyMap<Currency, Totals>): SummaryResource[] =>
  currencies.flatMap((currency) => {
    const of = totals.get(currency);
    if (of === undefined) return [];
    return {
      currency,
      deposited: formatAmount(of.depositedMinor, currency),
      withdrawn: formatAmount(of.withdrawnMinor, currency),
      net: formatAmount(of.depositedMinor - of.withdrawnMinor, currency),
    };
  });
