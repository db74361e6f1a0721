import type { Sql } from '#libs/db';
import type { Currency } from '#libs/money';
import type { Posting, PostingKind } from '../ledger/booking.ts';

/** From the first moment up to, but without, the last. */
export type Span = { from: Date; until: Date };

/** What all wallets of a currency hold together (available, held, less their debts) at both ends of a span. */
export type Totals = { currency: Currency; openingMinor: bigint; closingMinor: bigint };

/** A posting that changed that total: a hold and its void move money within a wallet and are none. */
export type DayPosting = Pick<Posting, 'id' | 'sourceId' | 'transactionId' | 'createdAt'> & {
  kind: Exclude<PostingKind, 'hold'>;
  /** Signed, by its entries: what the wallet gained. */
  gainedMinor: bigint;
};

export type DayCursor = Pick<Posting, 'createdAt' | 'id'>;

const OWN_ACCOUNTS = `('available', 'held', 'receivable')`;

const TOTALS = `
  SELECT currency, coalesce(sum(amount_minor) FILTER (WHERE created_at < $1), 0)::bigint AS "openingMinor",
    sum(amount_minor)::bigint AS "closingMinor"
  FROM entries WHERE created_at < $2 AND account IN ${OWN_ACCOUNTS}
  GROUP BY currency ORDER BY currency`;

const PAGE = `
  SELECT id, kind, source_id AS "sourceId", transaction_id AS "transactionId", created_at AS "createdAt",
    (SELECT coalesce(sum(entry.amount_minor), 0)::bigint FROM entries entry
     WHERE entry.wallet_id = posting.wallet_id AND entry.wallet_version = posting.wallet_version
       AND entry.account IN ${OWN_ACCOUNTS}) AS "gainedMinor"
  FROM postings posting
  WHERE created_at >= $1 AND created_at < $2 AND currency = $3 AND (created_at, id) > ($4, $5)
    AND kind <> 'hold' AND settlement IS DISTINCT FROM 'void'
  ORDER BY created_at, id LIMIT $6`;

/** By the entries alone, in one statement and so of one moment: no balance that is kept anywhere has a part in it. */
export const readTotals = (sql: Sql, { from, until }: Span): Promise<Totals[]> =>
  sql.rows<Totals>(TOTALS, [from, until]);

/**
 * The postings of a span in the order of their times. That order is only complete once everything that began in the span has ended,
 * for a posting has the time at which its operation began: who asks compares their sum with the totals, and asks again if need be.
 */
export const pageDayPostings = (
  sql: Sql,
  { from, until }: Span,
  currency: Currency,
  after: DayCursor | null,
  limit: number,
): Promise<DayPosting[]> =>
  sql.rows<DayPosting>(PAGE, [from, until, currency, after?.createdAt ?? new Date(0), after?.id ?? nobody, limit]);

/** Before every id. */
const nobody = '00000000-0000-0000-0000-000000000000';
