import type { Transaction } from '../transaction/transaction.ts';
import { type RunDueDeps, runDue } from '../worker/run-due.ts';
import { observePayout } from './observe-payout.ts';
import { openPayee } from './open-payee.ts';
import type { PreparedPayout } from './payout-store.ts';
import { isFresh, type PreparePayoutDeps, preparePayout } from './prepare-payout.ts';

/**
 * Between the intent and the call nothing of ours takes a second; a process that was stopped for longer (a debugger, a suspended
 * machine) cannot know what others concluded meanwhile. Measured by a clock that no operator can set.
 */
const executeWithinMs = 10_000;

export interface SubmitPayoutDeps extends PreparePayoutDeps {
  /** Told how each intent went on; `too_late` and `not_sent` are left to the reader, like every unknown answer. */
  noteExecuted: (outcome: 'answered' | 'unknown' | 'not_sent' | 'too_late') => void;
}

/**
 * Pays out a reserved withdrawal whose step the caller has leased: prepare, persist, intend, execute (DESIGN sections 4.3 and 4.4).
 *
 * Money moves on the execute call, and no answer to it proves that it did not (REVIO.md section 4). So the intent commits first, by one
 * conditional UPDATE that competes with the cancellation, and after it the call is made at most once, by this process, now. If
 * anything goes wrong between the two, nobody tries again: the row says `processing`, and only reads of the payout end it.
 */
export async function submitPayout(deps: SubmitPayoutDeps, withdrawal: Transaction): Promise<void> {
  const payee = await openPayee(deps, withdrawal);
  const payout = await preparePayout(deps, withdrawal, payee);
  if (payout === undefined) return;
  // Taken before the transaction begins: its COMMIT may have been done long before we hear of it.
  const intendedMs = deps.clock.monotonicMs();
  if (!(await recordIntent(deps, withdrawal, payout))) return;
  if (deps.clock.monotonicMs() - intendedMs > executeWithinMs || !isFresh(deps, payout)) {
    deps.logger.error({ payout_id: payout.payoutId }, 'too late to execute the payout; it is left to be read');
    return deps.noteExecuted('too_late');
  }
  const executed = await deps.provider.executePayout(payout.executionUrl, payee);
  deps.noteExecuted(executed.kind);
  deps.logger.info({ payout_id: payout.payoutId, executed }, 'payout executed');
  await observePayout(deps, payout);
}

/** Not rerun after an unknown COMMIT: if it was committed, it is not known whose intent it is, and then nobody executes. */
function recordIntent(deps: SubmitPayoutDeps, withdrawal: Transaction, payout: PreparedPayout): Promise<boolean> {
  const { id, userId, currency, amountMinor } = withdrawal;
  return deps.transact(async (tx) => {
    const now = deps.clock.now();
    if (!(await tx.recordIntent(id, payout.payoutId, now))) return false;
    await tx.enqueue('payments.payout-submitted.v1', {
      transaction_id: id,
      user_id: userId,
      currency,
      amount_minor: String(amountMinor),
      payout_id: payout.payoutId,
      payout_created_at: payout.createdOn.toISOString(),
      execute_sent_at: now.toISOString(),
    });
    return true;
  });
}

/** One run of the payout worker. */
export function submitPayouts(deps: SubmitPayoutDeps & RunDueDeps): Promise<number> {
  return runDue(deps, {
    step: 'submit_payout',
    pause: deps.payoutPause,
    work: (withdrawal) => submitPayout(deps, withdrawal),
  });
}
