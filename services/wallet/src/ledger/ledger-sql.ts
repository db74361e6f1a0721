import { type Booking, genesisHash } from './booking.ts';
import type { Hold, Owner } from './ledger.ts';
import type { Newborn } from './ledger-store.ts';

/**
 * The statements of the money path: one round trip to lock and read, one to write. What keeps SERIALIZABLE nearly free (measured):
 * insert first and look at what came back, read by key only, no row that several wallets share, no foreign key.
 */

const WALLET_COLUMNS = `id, user_id AS "userId", currency, available_minor AS "availableMinor", held_minor AS "heldMinor",
  receivable_minor AS "receivableMinor", version, encode(last_hash, 'hex') AS "lastHash", frozen_at AS "frozenAt",
  counted_on AS "countedOn", counted_day_minor AS "dayMinor", counted_month_minor AS "monthMinor", moved_at AS "movedAt"`;

/**
 * Pessimistic locking: the wallet row FOR UPDATE, made first if it is missing. Where it was just made it is ours already, and the
 * lookup is left out: it would read the gap that every other new wallet is inserted into, and each would be a conflict to the others.
 */
const WALLET = `
  WITH created AS (
    INSERT INTO wallets (id, user_id, currency, available_minor, held_minor, receivable_minor, version, last_hash, created_at)
    VALUES ($1, $2, $3, 0, 0, 0, 0, decode($4, 'hex'), $5)
    ON CONFLICT (user_id, currency) DO NOTHING
    RETURNING ${WALLET_COLUMNS}
  ), locked AS (
    SELECT ${WALLET_COLUMNS} FROM wallets
    WHERE user_id = $2 AND currency = $3 AND NOT EXISTS (SELECT FROM created)
    FOR UPDATE
  ), wallet AS (
    SELECT * FROM created UNION ALL SELECT * FROM locked
  )`;
const LOCKED = `wallet.id, wallet."userId", wallet.currency, wallet."availableMinor", wallet."heldMinor",
  wallet."receivableMinor", wallet.version, wallet."lastHash", wallet."frozenAt",
  wallet."countedOn", wallet."dayMinor", wallet."monthMinor", wallet."movedAt"`;

export const lockValues = ({ userId, currency }: Owner, { id, at }: Newborn): unknown[] => [
  id,
  userId,
  currency,
  genesisHash,
  at,
];

const HOLD_COLUMNS = `transaction_id AS "transactionId", user_id AS "holdUserId", currency AS "holdCurrency",
  amount_minor AS "amountMinor", refusal, settlement, returned_payout_id AS "returnedPayoutId", counted_on AS "holdCountedOn",
  limit_minor AS "limitMinor", left_minor AS "leftMinor"`;

const AWAITED = 'EXISTS (SELECT FROM parked_verdicts WHERE waits_for = $6) AS awaited';

/** What freezes everything is one row at most, found by its index; only the hold asks, because nothing else is kept back by it. */
const EVERYTHING_FROZEN_AT = '(SELECT frozen_at FROM freezes WHERE user_id IS NULL AND released_at IS NULL)';

export const LOCK = `${WALLET} SELECT ${LOCKED}, ${EVERYTHING_FROZEN_AT} AS "everythingFrozenAt" FROM wallet`;
export const LOCK_FOR_CREDIT = `${WALLET} SELECT ${LOCKED}, ${AWAITED} FROM wallet`;
export const LOCK_FOR_SETTLEMENT = `${WALLET}, hold AS (SELECT ${HOLD_COLUMNS} FROM holds WHERE transaction_id = $6)
  SELECT ${LOCKED}, hold.*, ${AWAITED} FROM wallet LEFT JOIN hold ON true`;
export const LOCK_FOR_REVERSAL = `${WALLET}
  SELECT ${LOCKED}, credit.transaction_id AS "creditTransactionId", credit.wallet_id AS "creditWalletId",
    credit.amount_minor AS "creditAmountMinor",
    (SELECT coalesce(sum(amount_minor), 0)::bigint FROM postings WHERE reverses = $6) AS "reversedMinor",
    EXISTS (SELECT FROM postings WHERE kind = 'reversal' AND source_id = $7)
      OR EXISTS (SELECT FROM parked_verdicts WHERE kind = 'reversal' AND source_id = $7) AS known
  FROM wallet LEFT JOIN postings credit ON credit.kind = 'credit' AND credit.source_id = $6`;

export const FIND_HOLD = `SELECT ${HOLD_COLUMNS} FROM holds WHERE transaction_id = $1`;
export const FIND_POSTING = `SELECT id, kind, source_id AS "sourceId", settlement, reverses, transaction_id AS "transactionId",
  wallet_id AS "walletId", wallet_version AS "walletVersion", currency, amount_minor AS "amountMinor", created_at AS "createdAt"
  FROM postings WHERE kind = $1 AND source_id = $2`;

/** A decision ($25 …), and only if it was made: the posting, then its entries and the wallet, all in one statement. */
const booked = (decided: string): string => `
  WITH decided AS (${decided}), posted AS (
    INSERT INTO postings (id, kind, source_id, settlement, reverses, transaction_id, wallet_id, wallet_version, currency,
      amount_minor, created_at)
    SELECT $7::uuid, $8, $9, $10, $11, $12, $1::uuid, $5::bigint, $13, $14::bigint, $15::timestamptz FROM decided
    ON CONFLICT (kind, source_id) DO NOTHING
    RETURNING id
  ), entered AS (
    INSERT INTO entries (wallet_id, wallet_version, line, posting_id, account, currency, amount_minor, balance_minor,
      previous_hash, hash, trace_id, created_at)
    SELECT $1::uuid, $5::bigint, each.line, posted.id, each.account, $13, each.amount_minor, each.balance_minor,
      decode(each.previous_hash, 'hex'), decode(each.hash, 'hex'), $16, $15::timestamptz
    FROM posted, unnest($17::text[], $18::bigint[], $19::bigint[], $20::text[], $21::text[])
      WITH ORDINALITY AS each (account, amount_minor, balance_minor, previous_hash, hash, line)
    RETURNING 1
  ), moved AS (
    UPDATE wallets SET available_minor = $2, held_minor = $3, receivable_minor = $4, version = $5::bigint,
      last_hash = decode($6, 'hex'), moved_at = $15::timestamptz,
      counted_on = $22::date, counted_day_minor = $23::bigint, counted_month_minor = $24::bigint
    FROM posted WHERE wallets.id = $1::uuid AND wallets.version = $5::bigint - 1
    RETURNING 1
  )
  SELECT (SELECT count(*)::int FROM decided) AS decided, (SELECT count(*)::int FROM posted) AS posted,
    (SELECT count(*)::int FROM moved) AS moved`;

export function bookingValues({ wallet, posting, entries }: Booking): unknown[] {
  return [
    ...[wallet.id, wallet.availableMinor, wallet.heldMinor, wallet.receivableMinor, wallet.version, wallet.lastHash],
    ...[posting.id, posting.kind, posting.sourceId, posting.settlement, posting.reverses, posting.transactionId],
    ...[posting.currency, posting.amountMinor, posting.createdAt, entries[0]?.traceId ?? null],
    entries.map((entry) => entry.account),
    entries.map((entry) => entry.amountMinor),
    entries.map((entry) => entry.balanceMinor),
    entries.map((entry) => entry.previousHash),
    entries.map((entry) => entry.hash),
    ...[wallet.countedOn, wallet.dayMinor, wallet.monthMinor],
  ];
}

/** Parameters from `$first` on: `holdValues`, and the time. */
const insertHold = (first: number): string => {
  const [transactionId, userId, currency, amount, refusal, settlement, countedOn, limit, left, at] = Array.from(
    { length: 10 },
    (_, n) => first + n,
  );
  return `
    INSERT INTO holds (transaction_id, user_id, currency, amount_minor, refusal, settlement, counted_on, limit_minor, left_minor,
      decided_at, settled_at)
    VALUES ($${transactionId}, $${userId}, $${currency}, $${amount}, $${refusal}, $${settlement}::text, $${countedOn}, $${limit},
      $${left}, $${at}::timestamptz,
      CASE WHEN $${settlement}::text IS NOT NULL THEN $${at}::timestamptz END)
    ON CONFLICT (transaction_id)`;
};

export const holdValues = (hold: Hold): unknown[] => [
  hold.transactionId,
  hold.userId,
  hold.currency,
  hold.amountMinor,
  hold.refusal,
  hold.settlement,
  hold.countedOn,
  hold.limitMinor,
  hold.leftMinor,
];

export const INSERT_HOLD = `${insertHold(1)} DO NOTHING`;
export const PLACE_HOLD = booked(`${insertHold(25)} DO NOTHING RETURNING 1`);
export const SETTLE_HOLD = booked(`
  UPDATE holds SET settlement = $26, settled_at = $15::timestamptz
  WHERE transaction_id = $25 AND settlement IS NULL AND refusal IS NULL RETURNING 1`);
/** The tombstone keeps the decision: a hold that was refused for another reason stays refused for that. */
export const ENTOMB_HOLD = `${insertHold(1)} DO UPDATE SET settlement = 'void', settled_at = excluded.settled_at
  WHERE holds.settlement IS NULL AND holds.refusal IS NOT NULL`;
export const RETURN_HOLD = `UPDATE holds SET returned_payout_id = $2
  WHERE transaction_id = $1 AND settlement = 'post' AND returned_payout_id IS NULL`;
export const WRITE = booked('SELECT 1');

export const PARK = `INSERT INTO parked_verdicts
  (kind, source_id, waits_for, transaction_id, user_id, currency, amount_minor, reversal, parked_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (kind, source_id) DO NOTHING`;
export const TAKE_PARKED = `WITH taken AS (DELETE FROM parked_verdicts WHERE kind = $1 AND waits_for = $2 RETURNING *)
  SELECT kind, source_id AS "sourceId", waits_for AS "waitsFor", transaction_id AS "transactionId", user_id AS "userId",
    currency, amount_minor AS "amountMinor", reversal
  FROM taken ORDER BY parked_at, source_id`;

export type Written = { decided: number; posted: number; moved: number };

/** Whether all of it was written; false when none of it was. Anything between is a bug, and the transaction must not commit. */
export function written([outcome]: Written[], first: 'decided' | 'posted' = 'decided'): boolean {
  const wanted = outcome?.[first];
  if (wanted === undefined || outcome?.posted !== wanted || outcome.moved !== wanted) {
    throw new Error(`a booking was written in part: ${JSON.stringify(outcome)}`);
  }
  return wanted === 1;
}
