import { createHash } from 'node:crypto';
import type { Currency } from '#libs/money';

export const shownTypes = ['deposit', 'withdrawal', 'reversal'] as const;
type ShownType = (typeof shownTypes)[number];

/** As users see them: a withdrawal whose hold is on its way back (`voiding`) is still `processing`. */
export const shownStatuses = ['pending', 'processing', 'completed', 'failed', 'expired', 'cancelled'] as const;
export type ShownStatus = (typeof shownStatuses)[number];

export const sorts = ['created_at', 'amount'] as const;
export const orders = ['asc', 'desc'] as const;

/** Which transactions, and in which order. Null filters nothing. */
export interface Filters {
  /** Null for support and admins, who look across users. */
  userId: string | null;
  types: readonly ShownType[] | null;
  statuses: readonly ShownStatus[] | null;
  /** From this instant on … */
  from: Date | null;
  /** … and before this one. */
  before: Date | null;
  currency: Currency | null;
  /** In thousandths of the currency's unit, which are exact in every currency. */
  minThousandths: bigint | null;
  maxThousandths: bigint | null;
  search: string | null;
}

export interface Order {
  sort: (typeof sorts)[number];
  order: (typeof orders)[number];
}

/** Of everything that decides which rows come in which order: a cursor of one list means nothing in another. */
export function hashOf(filters: Filters, { sort, order }: Order): string {
  const { userId, types, statuses, from, before, currency, minThousandths, maxThousandths, search } = filters;
  const text = JSON.stringify([
    userId,
    types === null ? null : [...types].sort(),
    statuses === null ? null : [...statuses].sort(),
    from,
    before,
    currency,
    minThousandths === null ? null : String(minThousandths),
    maxThousandths === null ? null : String(maxThousandths),
    search,
    sort,
    order,
  ]);
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}
