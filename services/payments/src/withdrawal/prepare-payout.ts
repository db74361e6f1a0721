import type { Transact } from '#libs/db';
import type { Clock, Logger } from '#libs/runtime';
import type { SealingKeys } from '#libs/sealed';
import type { PaymentsTx } from '../payments-tx.ts';
import type { NoteUnavailable, Payee, Provider } from '../revio/provider.ts';
import { openEmail } from '../sealed-details.ts';
import type { Transaction } from '../transaction/transaction.ts';
import { nextTryAt, type RetryTiming } from '../worker/next-try.ts';
import type { Pause } from '../worker/pause.ts';
import type { PreparedPayout } from './payout-store.ts';
import { requestVoid } from './request-void.ts';

export interface PreparePayoutDeps {
  transact: Transact<PaymentsTx>;
  clock: Clock;
  logger: Logger;
  provider: Pick<Provider, 'createPayout' | 'executePayout' | 'readPayout'>;
  sealingKeys: SealingKeys;
  /** Begun whenever Revio does not take a payout and says nothing of the payout itself: what stops one stops all. */
  payoutPause: Pause;
  /** How long the pause is when Revio does not say. */
  providerPauseMs: number;
  retry: RetryTiming;
  /** Up to which age a payout is executed: 10 min of the 15 that Revio gives, so that clocks and queues have five. */
  payoutFreshMs: number;
  noteUnavailable: NoteUnavailable;
}

/** Its age is taken by our clock, from before the call that made it: it may seem older than it is, never younger. */
export const isFresh = (deps: Pick<PreparePayoutDeps, 'clock' | 'payoutFreshMs'>, payout: PreparedPayout): boolean =>
  deps.clock.now().getTime() - payout.requestedAt.getTime() < deps.payoutFreshMs;

/**
 * The payout that may be executed for this withdrawal: the one that is there, or a new one in the place of none or of one that became
 * too old. Safe to repeat, since nothing moves before execute and an orphan's URL is known to nobody. Undefined when there is nothing
 * to execute: Revio rejected it (the hold is asked back), could not be asked (tried again later), or the withdrawal has gone on.
 */
export async function preparePayout(
  deps: PreparePayoutDeps,
  withdrawal: Transaction,
  payee: Payee,
): Promise<PreparedPayout | undefined> {
  const known = withdrawal.payoutId;
  const prepared = known === null ? undefined : await deps.transact((tx) => tx.findPayout(known));
  if (prepared !== undefined && isFresh(deps, prepared)) return prepared;

  const requestedAt = deps.clock.now();
  const { id: reference, amountMinor, currency } = withdrawal;
  const email = openEmail(deps.sealingKeys, withdrawal);
  const answer = await deps.provider.createPayout({ reference, amountMinor, currency, email, payee });
  switch (answer.kind) {
    case 'created': {
      const { id: payoutId, executionUrl, createdOn } = answer.created;
      const payout = { payoutId, transactionId: reference, executionUrl, createdOn, requestedAt, deadAt: null };
      return keepPayout(deps, withdrawal, payout);
    }
    case 'rejected':
      deps.logger.warn({ code: answer.code }, 'the provider rejected a payout');
      await deps.transact((tx) => requestVoid(tx, reference, 'provider_rejected', deps.clock.now()), {
        onUnknownCommit: 'rerun',
      });
      return undefined;
    case 'unavailable': {
      deps.noteUnavailable('create_payout', answer);
      deps.payoutPause.begin(answer.retryAfterMs ?? deps.providerPauseMs);
      const until = nextTryAt(deps.clock.now(), withdrawal.attempts, deps.retry, answer.retryAfterMs);
      await deps.transact((tx) => tx.postpone(reference, 'submit_payout', until), { onUnknownCommit: 'rerun' });
      return undefined;
    }
  }
}

/** Undefined if another worker prepared one meanwhile, or the withdrawal was cancelled; ours is then an orphan that nobody executes. */
function keepPayout(
  deps: PreparePayoutDeps,
  withdrawal: Transaction,
  payout: PreparedPayout,
): Promise<PreparedPayout | undefined> {
  return deps.transact(
    async (tx) => {
      const current = await tx.lockTransaction(withdrawal.id);
      if (current?.status !== 'pending' || current.executeSentAt !== null) return undefined;
      if (current.payoutId === payout.payoutId) return payout;
      if (current.payoutId !== withdrawal.payoutId) return undefined;
      const now = deps.clock.now();
      if (current.payoutId !== null) await tx.buryPayout(current.payoutId, now);
      await tx.insertPayout(payout);
      await tx.attachPayout(withdrawal.id, payout.payoutId, now);
      return payout;
    },
    { onUnknownCommit: 'rerun' },
  );
}
