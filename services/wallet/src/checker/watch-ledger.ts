import { acquireLease, type Sql, type Transact } from '#libs/db';
import type { Clock, Logger } from '#libs/runtime';
import type { LedgerDeps } from '../in-wallet.ts';
import { type Checkpoints, checkLedger, type LedgerState } from './check-ledger.ts';
import { freezeOnBreaks } from './freeze-on-breaks.ts';

export type WatchDeps = {
  ledger: LedgerDeps;
  /** Its own transactions: a snapshot, and the lease. */
  sql: { transact: Transact<Sql>; read: Sql };
  clock: Clock;
  logger: Logger;
  /** Of this process, among the replicas. */
  holder: string;
  intervalMs: number;
  /** Every how many checks the hashes of all entries are verified, and not of the new ones only. */
  fullEvery: number;
};

/** A check that its own process has seen end, and when by both clocks. */
export type Checked = { state: LedgerState; at: Date; monotonicMs: number };

/**
 * The checker of this process: `runOnce` is one check, `last` what it found, undefined while nothing is known (no check yet, the last
 * one failed, or another replica holds the lease), so that an error is never shown as "all is well".
 */
export function watchLedger(deps: WatchDeps) {
  const { ledger, sql, clock, logger, holder, intervalMs, fullEvery } = deps;
  const checkpoints: Checkpoints = new Map();
  let runs = 0;
  let last: Checked | undefined;
  let told = '';

  async function runOnce(): Promise<void> {
    try {
      last = await check();
    } catch (error) {
      last = undefined;
      throw error;
    }
  }

  async function check(): Promise<Checked | undefined> {
    // Two intervals, so that the holder renews it in time; when it dies, another replica has checked within three.
    if ((await acquireLease(sql.read, 'ledger-checker', holder, 2 * intervalMs)) === null) return undefined;
    const state = await checkLedger(sql.transact, checkpoints, { full: runs % fullEvery === 0 });
    runs += 1;
    if (state.breaks.length > 0) await freezeAndTell(state);
    return { state, at: clock.now(), monotonicMs: clock.monotonicMs() };
  }

  /** Tells once per freeze and set of wallets, not each minute; a restarted process tells again, and the case is there already. */
  async function freezeAndTell({ breaks, driftWallets }: LedgerState): Promise<void> {
    logger.fatal({ breaks, drift_wallets: driftWallets }, 'the ledger contradicts itself: withdrawals are frozen');
    const wallets = breaks.map(({ walletId }) => walletId).join();
    const active = await ledger.transact((tx) => tx.findActiveFreeze(null));
    if (active !== null && told === `${active.id} ${wallets}`) return;
    told = `${await freezeOnBreaks(ledger, breaks)} ${wallets}`;
  }

  return { runOnce, last: (): Checked | undefined => last };
}
