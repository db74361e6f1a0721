import { resourceOf } from '../transaction/resource.ts';
import type { Transaction } from '../transaction/transaction.ts';
import { directionOf, type SummaryResource } from './summary.ts';

/** The columns of csv and xlsx, in order; the keys of a JSON row. New ones come last: spreadsheets refer to columns by their place. */
export const exportColumns = [
  'id',
  'type',
  'status',
  'reason',
  'amount',
  'currency',
  'money_in',
  'money_out',
  'created_at',
  'updated_at',
  'reversal_of',
  'reversal',
] as const;

export type ExportRow = Record<(typeof exportColumns)[number], string | null>;

/** `money_in` and `money_out` are what the transaction did to the wallet: empty until it is completed. */
export function exportRowOf(transaction: Transaction): ExportRow {
  const { id, type, status, reason, amount, currency, created_at, updated_at, reversal_of, reversal } =
    resourceOf(transaction);
  const direction = transaction.status === 'completed' ? directionOf(transaction) : undefined;
  return {
    id,
    type,
    status,
    reason,
    amount,
    currency,
    money_in: direction === 'in' ? amount : null,
    money_out: direction === 'out' ? amount : null,
    created_at,
    updated_at,
    reversal_of: reversal_of ?? null,
    reversal: reversal ?? null,
  };
}

/** What comes in by and by, a batch at a time, and the sums over all of it, which are known when the last batch has gone. */
export interface ExportSource {
  batches: AsyncIterable<ExportRow[]>;
  /** How many there will be: counted in the same snapshot. */
  count: number;
  summary(): SummaryResource[];
}
