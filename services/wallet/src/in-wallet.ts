import type { Transact, UnknownCommit } from '#libs/db';
import type { Currency } from '#libs/money';
import { type Clock, currentTraceId, type Keyed } from '#libs/runtime';
import type { BatchHolds } from './batch-holds.ts';
import type { Occasion } from './ledger/booking.ts';
import type { Owner } from './ledger/ledger.ts';
import type { Newborn, WalletTx } from './ledger/ledger-store.ts';
import type { Limits } from './ledger/limits.ts';

/** What every operation of the ledger needs. */
export type LedgerDeps = {
  transact: Transact<WalletTx>;
  /** First in, first out per wallet: see `inWallet`. */
  queue: Keyed;
  clock: Pick<Clock, 'now'>;
  newUuid: () => string;
  /** How much may be withdrawn of a currency (M9). */
  limitsOf: (currency: Currency) => Limits;
  /** Places many holds in one transaction. Without it, and for whatever it leaves out, each is decided alone. */
  batchHolds?: BatchHolds;
};

/**
 * 2.5 s of trying. Two replicas on one busy wallet: while one works off its queue, the other always looks before the next commit and
 * locks after it, and loses every race (50 operations on each side used up ten attempts, measured). Longer is for the caller to decide.
 */
const attemptsMax = 100;

/**
 * One operation on one wallet, in one transaction: SERIALIZABLE isolation, and pessimistic locking of the wallet's row inside.
 * The queue stands before BEGIN: inside the transaction, a waiter's snapshot is older than the commit it waited for, and it must
 * start again (14 retries each with 32 clients on one wallet, measured; with the queue none). It saves time only: between replicas the
 * database decides.
 * A COMMIT whose answer was lost is run again, which is safe because every operation finds its earlier self by its source id.
 */
export const inWallet = <R>(deps: LedgerDeps, owner: Owner, work: (tx: WalletTx) => Promise<R>): Promise<R> =>
  inTurn(deps, owner, () => inLedger(deps, work));

/** One after the other, of one wallet. `entered`: see `Keyed`. */
export const inTurn = <R>(
  deps: LedgerDeps,
  { userId, currency }: Owner,
  work: () => Promise<R>,
  entered?: () => void,
): Promise<R> => deps.queue(`${userId} ${currency}`, work, entered);

/** The transaction alone, for whoever has its turn already. `after`: an earlier try of which nobody knows whether it was committed. */
export const inLedger = <R>(deps: LedgerDeps, work: (tx: WalletTx) => Promise<R>, after?: UnknownCommit): Promise<R> =>
  deps.transact(work, { isolation: 'serializable', onUnknownCommit: 'rerun', attemptsMax, after });

/** The same for a message, which is handled once however often it is delivered. */
export const onceInWallet = (
  deps: LedgerDeps,
  messageId: string,
  owner: Owner,
  work: (tx: WalletTx) => Promise<void>,
): Promise<void> =>
  inWallet(deps, owner, async (tx) => {
    if (await tx.claimMessage(messageId)) await work(tx);
  });

export const newborn = ({ newUuid, clock }: LedgerDeps): Newborn => ({ id: newUuid(), at: clock.now() });

/** Which posting this is, when, and in which trace. */
export const stamp = ({ newUuid, clock }: LedgerDeps): Pick<Occasion, 'id' | 'createdAt' | 'traceId'> => ({
  id: newUuid(),
  createdAt: clock.now(),
  traceId: currentTraceId(),
});
