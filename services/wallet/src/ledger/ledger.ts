import { amountMinorMax, type Currency } from '#libs/money';
import type { Counters, LimitRefusal } from './limits.ts';

/**
 * The rules of the books, and nothing else: what a wallet and its holds allow, as moves of money between accounts. Amounts are
 * integer minor units. A refusal is data; who may ask, locking and writing are elsewhere.
 */

/** Three of the wallet's own, and the system's two per currency, which are sums of their entries and never a row that anybody locks. */
export type Account = 'available' | 'held' | 'receivable' | 'revio:clearing' | 'adjustments';

export type Owner = { userId: string; currency: Currency };

export type Wallet = Owner &
  Counters & {
    id: string;
    availableMinor: bigint;
    heldMinor: bigint;
    /** What the user owes, as a negative number: so each balance is the plain sum of its account's entries. */
    receivableMinor: bigint;
    /** Counts the postings of this wallet. */
    version: bigint;
    /** Of the wallet's newest entry, hex. */
    lastHash: string;
    /** Frozen: nothing new is held. What is held still ends, and deposits still land. */
    frozenAt: Date | null;
    /** When its newest entry was made; null before the first. No entry is older than the one before it. */
    movedAt: Date | null;
  };

/** What every request and verdict names. */
export type Claim = Owner & { transactionId: string; amountMinor: bigint };

export type HoldRefusal = 'insufficient_funds' | 'wallet_frozen' | 'wallet_in_debt' | 'voided' | LimitRefusal;

/** The one decision about a transaction's money, which never changes, and how it ended. */
export type Hold = Claim & {
  /** Null for held. `voided`: the void came first, and this is its tombstone. */
  refusal: HoldRefusal | null;
  settlement: 'post' | 'void' | null;
  /** The payout that came back from the bank after it was posted. */
  returnedPayoutId: string | null;
  /** The day whose limits it was counted to, or refused by; null where none was asked. */
  countedOn: string | null;
  /** Of a hold that a limit refused: the limit, and what was left of it then. */
  limitMinor: bigint | null;
  leftMinor: bigint | null;
};

/** A credit as its posting tells it, and what has been reversed of it so far. */
export type Credit = { transactionId: string; walletId: string; amountMinor: bigint; reversedMinor: bigint };

/** Money leaves one account and enters another, so every posting sums to zero whatever the rule that made it. */
export type Move = { from: Account; to: Account; amountMinor: bigint };

export type Refusal =
  | 'amount_invalid'
  | 'hold_unknown'
  | 'hold_refused'
  | 'hold_mismatch'
  | 'already_posted'
  | 'already_voided'
  | 'already_returned'
  | 'credit_mismatch'
  | 'adjustment_mismatch'
  | 'insufficient_funds'
  | 'exceeds_credit';

type Moved = { action: 'move'; moves: readonly Move[] };
type Refused = { action: 'refuse'; reason: Refusal };
/** It is so already: a repeat changes nothing. */
type Repeated = { action: 'nothing' };
/** What it follows from has not been posted yet: kept until then. */
type Parked = { action: 'park' };
/** Nothing was ever held: remembered, so that nothing will be. */
type Tombstoned = { action: 'tombstone' };

const move = (...moves: Move[]): Moved => ({ action: 'move', moves: moves.filter((each) => each.amountMinor > 0n) });
const refuse = (reason: Refusal): Refused => ({ action: 'refuse', reason });
const nothing: Repeated = { action: 'nothing' };

export const isAmount = (amountMinor: bigint): boolean => amountMinor > 0n && amountMinor <= amountMinorMax;

/** Whether two claims under one transaction id are the same claim. */
export const sameClaim = (a: Claim, b: Claim): boolean =>
  a.transactionId === b.transactionId &&
  a.userId === b.userId &&
  a.currency === b.currency &&
  a.amountMinor === b.amountMinor;

/** available → held, if there is enough, and nothing is owed. */
export function hold(wallet: Wallet, amountMinor: bigint): Moved | { action: 'refuse'; reason: HoldRefusal } {
  if (wallet.frozenAt !== null) return { action: 'refuse', reason: 'wallet_frozen' };
  if (wallet.receivableMinor < 0n) return { action: 'refuse', reason: 'wallet_in_debt' };
  if (wallet.availableMinor < amountMinor) return { action: 'refuse', reason: 'insufficient_funds' };
  return move({ from: 'available', to: 'held', amountMinor });
}

/** The payout was executed: held → clearing. */
export function post(held: Hold | null, claim: Claim): Moved | Refused | Repeated {
  if (held === null) return refuse('hold_unknown');
  if (!sameClaim(held, claim)) return refuse('hold_mismatch');
  if (held.settlement === 'void') return refuse('already_voided');
  if (held.settlement === 'post') return nothing;
  if (held.refusal !== null) return refuse('hold_refused');
  return move({ from: 'held', to: 'revio:clearing', amountMinor: claim.amountMinor });
}

/**
 * Gives the money back: held → available, and on to what the user owes. Asked for by payments, which may never have heard the answer to its hold, a void may find
 * no hold, or a refused one: both become a tombstone. A verdict about a payout whose hold nobody knows is another matter, refused.
 */
export function voidHold(
  wallet: Wallet,
  held: Hold | null,
  claim: Claim,
  by: 'request' | 'verdict',
): Moved | Refused | Repeated | Tombstoned {
  if (held === null) {
    if (by === 'verdict') return refuse('hold_unknown');
    return isAmount(claim.amountMinor) ? { action: 'tombstone' } : refuse('amount_invalid');
  }
  if (!sameClaim(held, claim)) return refuse('hold_mismatch');
  if (held.settlement === 'void') return nothing;
  if (held.settlement === 'post') return refuse('already_posted');
  if (held.refusal !== null) return by === 'request' ? { action: 'tombstone' } : refuse('hold_refused');
  return arrive('held', wallet, claim.amountMinor);
}

/** clearing → available, and on from there to what the user owes. */
export const credit = (wallet: Wallet, amountMinor: bigint): Moved | Refused =>
  isAmount(amountMinor) ? arrive('revio:clearing', wallet, amountMinor) : refuse('amount_invalid');

/** Two people agreed on it: adjustments → available, as a credit is; or back, never more than is available, so that no debt is made. */
export function adjust(wallet: Wallet, direction: 'credit' | 'debit', amountMinor: bigint): Moved | Refused {
  if (!isAmount(amountMinor)) return refuse('amount_invalid');
  if (direction === 'credit') return arrive('adjustments', wallet, amountMinor);
  if (wallet.availableMinor < amountMinor) return refuse('insufficient_funds');
  return move({ from: 'available', to: 'adjustments', amountMinor });
}

/**
 * Whatever becomes available repays what is owed first, wherever it comes from: so no wallet ever has both money to spend and a debt, and
 * it is the debt alone that keeps a hold back.
 */
const arrive = (from: Account, { availableMinor, receivableMinor }: Wallet, amountMinor: bigint): Moved =>
  move(
    { from, to: 'available', amountMinor },
    { from: 'available', to: 'receivable', amountMinor: smaller(-receivableMinor, availableMinor + amountMinor) },
  );

/** A refund or chargeback: what is still available goes back to clearing, the rest becomes a debt. Never more than was credited. */
export function reverse(wallet: Wallet, credited: Credit | null, claim: Claim): Moved | Refused | Parked {
  if (!isAmount(claim.amountMinor)) return refuse('amount_invalid');
  if (credited === null) return { action: 'park' };
  if (credited.walletId !== wallet.id || credited.transactionId !== claim.transactionId) {
    return refuse('credit_mismatch');
  }
  if (credited.reversedMinor + claim.amountMinor > credited.amountMinor) return refuse('exceeds_credit');
  const thereMinor = smaller(wallet.availableMinor, claim.amountMinor);
  return move(
    { from: 'available', to: 'revio:clearing', amountMinor: thereMinor },
    { from: 'receivable', to: 'revio:clearing', amountMinor: claim.amountMinor - thereMinor },
  );
}

/** The bank sent an executed payout back: clearing → available, once, and on to what the user owes. */
export function returnPayout(
  wallet: Wallet,
  held: Hold | null,
  claim: Claim,
  payoutId: string,
): Moved | Refused | Repeated | Parked {
  if (held === null) return refuse('hold_unknown');
  if (!sameClaim(held, claim)) return refuse('hold_mismatch');
  if (held.settlement === 'void') return refuse('already_voided');
  if (held.refusal !== null) return refuse('hold_refused');
  if (held.settlement === null) return { action: 'park' };
  if (held.returnedPayoutId === payoutId) return nothing;
  if (held.returnedPayoutId !== null) return refuse('already_returned');
  return arrive('revio:clearing', wallet, claim.amountMinor);
}

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);
