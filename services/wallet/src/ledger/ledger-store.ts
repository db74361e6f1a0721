import type { Sql } from '#libs/db';
import type { MessageTx } from '#libs/messaging';
import { type FreezeTx, postgresFreezes } from '../freezes/freeze-store.ts';
import type { Booking, Posting, PostingKind } from './booking.ts';
import type { Claim, Credit, Hold, Owner, Wallet } from './ledger.ts';
import {
  bookingValues,
  ENTOMB_HOLD,
  FIND_HOLD,
  FIND_POSTING,
  holdValues,
  INSERT_HOLD,
  LOCK,
  LOCK_FOR_CREDIT,
  LOCK_FOR_REVERSAL,
  LOCK_FOR_SETTLEMENT,
  lockValues,
  PARK,
  PLACE_HOLD,
  RETURN_HOLD,
  SETTLE_HOLD,
  TAKE_PARKED,
  WRITE,
  type Written,
  written,
} from './ledger-sql.ts';

/** A verdict about money that has not been posted yet; it is applied with the posting that it waits for. */
export type ParkedVerdict = Claim & { sourceId: string; waitsFor: string } & (
    | { kind: 'reversal'; reversal: 'refund' | 'chargeback' }
    | { kind: 'payout-return'; reversal: null }
  );

export type Parked<Kind extends ParkedVerdict['kind']> = Extract<ParkedVerdict, { kind: Kind }>;

/** For a wallet that does not exist yet. */
export type Newborn = { id: string; at: Date };

/**
 * One transaction of the ledger. Each `lock…` takes the owner's wallet row, made if there is none, FOR UPDATE until the transaction
 * ends, and reads in the same statement what decides; it comes before anything else of that wallet.
 */
export interface LedgerTx {
  /** `frozenAt` is also that of a freeze of everything. */
  lockWallet(owner: Owner, newborn: Newborn): Promise<Wallet>;
  /** `awaited`: a parked verdict waits for this purchase's credit. */
  lockForCredit(owner: Owner, newborn: Newborn, purchaseId: string): Promise<{ wallet: Wallet; awaited: boolean }>;
  /** `awaited`: a parked verdict waits for the settlement of this hold. */
  lockForSettlement(
    owner: Owner,
    newborn: Newborn,
    transactionId: string,
  ): Promise<{ wallet: Wallet; hold: Hold | null; awaited: boolean }>;
  /** `known`: this reversal is parked or posted already. */
  lockForReversal(
    owner: Owner,
    newborn: Newborn,
    source: { purchaseId: string; paymentId: string },
  ): Promise<{ wallet: Wallet; credit: Credit | null; known: boolean }>;

  /** Stores the decision with what it moved; false, and nothing is written, when that transaction id has one. */
  placeHold(decided: Hold, booking: Booking | null, at: Date): Promise<boolean>;
  findHold(transactionId: string): Promise<Hold | null>;
  settleHold(transactionId: string, settlement: 'post' | 'void', booking: Booking): Promise<void>;
  /** Marks as void what never held anything: an unknown transaction id, or a refused hold. */
  entombHold(tombstone: Hold, at: Date): Promise<void>;
  returnHold(transactionId: string, payoutId: string): Promise<void>;

  /** Writes posting, entries and wallet; false, and nothing is written, when that kind and source id are posted already. */
  write(booking: Booking): Promise<boolean>;
  findPosting(kind: PostingKind, sourceId: string): Promise<Posting | null>;

  /** A verdict that is parked already stays as it is. */
  park(verdict: ParkedVerdict, at: Date): Promise<void>;
  /** Removes and returns what waits for this source id, oldest first. */
  takeParked<Kind extends ParkedVerdict['kind']>(kind: Kind, waitsFor: string): Promise<Parked<Kind>[]>;
}

export type WalletTx = LedgerTx & FreezeTx & MessageTx;

export function postgresLedger(sql: Sql): LedgerTx & FreezeTx {
  return {
    ...postgresFreezes(sql),
    lockWallet: async (owner, newborn) => {
      const row = only(await sql.rows<Wallet & IsEverythingFrozen>(LOCK, lockValues(owner, newborn)));
      return { ...walletOf(row), frozenAt: row.frozenAt ?? row.everythingFrozenAt };
    },
    lockForCredit: async (owner, newborn, purchaseId) => {
      const values = [...lockValues(owner, newborn), purchaseId];
      const row = only(await sql.rows<Wallet & IsAwaited>(LOCK_FOR_CREDIT, values));
      return { wallet: walletOf(row), awaited: row.awaited };
    },
    lockForSettlement: async (owner, newborn, transactionId) => {
      const values = [...lockValues(owner, newborn), transactionId];
      const row = only(await sql.rows<Wallet & HoldRow & IsAwaited>(LOCK_FOR_SETTLEMENT, values));
      return { wallet: walletOf(row), hold: holdOf(row), awaited: row.awaited };
    },
    lockForReversal: async (owner, newborn, { purchaseId, paymentId }) => {
      const values = [...lockValues(owner, newborn), purchaseId, paymentId];
      const row = only(await sql.rows<Wallet & CreditRow>(LOCK_FOR_REVERSAL, values));
      return { wallet: walletOf(row), credit: creditOf(row), known: row.known };
    },

    placeHold: async (decided, booking, at) => {
      const values = [...holdValues(decided), at];
      if (booking === null) return (await sql.run(INSERT_HOLD, values)) === 1;
      return written(await sql.rows<Written>(PLACE_HOLD, [...bookingValues(booking), ...values]));
    },
    findHold: async (transactionId) => {
      const [row] = await sql.rows<HoldRow>(FIND_HOLD, [transactionId]);
      return row === undefined ? null : holdOf(row);
    },
    settleHold: async (transactionId, settlement, booking) => {
      const values = [...bookingValues(booking), transactionId, settlement];
      if (!written(await sql.rows<Written>(SETTLE_HOLD, values)))
        throw new Error('the hold was settled under our lock');
    },
    entombHold: async (tombstone, at) => {
      expectOne(await sql.run(ENTOMB_HOLD, [...holdValues(tombstone), at]));
    },
    returnHold: async (transactionId, payoutId) => {
      expectOne(await sql.run(RETURN_HOLD, [transactionId, payoutId]));
    },

    write: async (booking) => written(await sql.rows<Written>(WRITE, bookingValues(booking)), 'posted'),
    findPosting: async (kind, sourceId) => (await sql.rows<Posting>(FIND_POSTING, [kind, sourceId]))[0] ?? null,

    park: async ({ kind, sourceId, waitsFor, transactionId, userId, currency, amountMinor, reversal }, at) => {
      const values = [kind, sourceId, waitsFor, transactionId, userId, currency, amountMinor, reversal, at];
      await sql.run(PARK, values);
    },
    takeParked: (kind, waitsFor) => sql.rows(TAKE_PARKED, [kind, waitsFor]),
  };
}

type IsEverythingFrozen = { everythingFrozenAt: Date | null };
type IsAwaited = { awaited: boolean };
/** Beside a wallet's columns, so with names of its own; all null where there is no such hold. */
type HoldRow = Pick<
  Hold,
  'amountMinor' | 'refusal' | 'settlement' | 'returnedPayoutId' | 'limitMinor' | 'leftMinor'
> & {
  transactionId: string | null;
  holdUserId: string;
  holdCurrency: Hold['currency'];
  holdCountedOn: Hold['countedOn'];
};
type CreditRow = {
  creditTransactionId: string | null;
  creditWalletId: string;
  creditAmountMinor: bigint;
  reversedMinor: bigint;
  known: boolean;
};

function holdOf(row: HoldRow): Hold | null {
  const { transactionId, holdUserId: userId, holdCurrency: currency, holdCountedOn: countedOn } = row;
  if (transactionId === null) return null;
  const { amountMinor, refusal, settlement, returnedPayoutId, limitMinor, leftMinor } = row;
  const counted = { countedOn, limitMinor, leftMinor };
  return { transactionId, userId, currency, amountMinor, refusal, settlement, returnedPayoutId, ...counted };
}

function creditOf(row: CreditRow): Credit | null {
  const { creditTransactionId: transactionId, creditWalletId: walletId, creditAmountMinor: amountMinor } = row;
  return transactionId === null ? null : { transactionId, walletId, amountMinor, reversedMinor: row.reversedMinor };
}

function walletOf({ id, userId, currency, availableMinor, heldMinor, receivableMinor, ...rest }: Wallet): Wallet {
  const { version, lastHash, frozenAt, countedOn, dayMinor, monthMinor, movedAt } = rest;
  const balances = { availableMinor, heldMinor, receivableMinor };
  return { id, userId, currency, ...balances, version, lastHash, frozenAt, countedOn, dayMinor, monthMinor, movedAt };
}

function only<Row>([row]: Row[]): Row {
  if (row === undefined) throw new Error('the wallet row was neither made nor found');
  return row;
}

/** A row that we locked and looked at a moment ago is as we saw it, or there is a bug. */
function expectOne(changed: number): void {
  if (changed !== 1) throw new Error(`${changed} rows changed under our lock, not 1`);
}
