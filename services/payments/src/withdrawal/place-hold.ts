import type { HoldDecision } from '#libs/contracts';
import type { Transact } from '#libs/db';
import { type Currency, formatAmount } from '#libs/money';
import type { Clock, Logger } from '#libs/runtime';
import type { Answer } from '../idempotency/idempotency-store.ts';
import type { PaymentsTx } from '../payments-tx.ts';
import { answerTo } from '../transaction/answer-to.ts';
import type { Transaction } from '../transaction/transaction.ts';
import type { HoldAnswer, Wallet } from '../wallet/wallet.ts';
import { HopelessStep } from '../worker/hopeless-step.ts';
import { nextTryAt, type RetryTiming } from '../worker/next-try.ts';
import type { Pause } from '../worker/pause.ts';
import { type RunDueDeps, runDue } from '../worker/run-due.ts';
import { moveWithdrawal } from './apply-hold-fact.ts';
import type { HoldFact } from './withdrawal.ts';

export interface PlaceHoldDeps {
  transact: Transact<PaymentsTx>;
  clock: Clock;
  logger: Logger;
  wallet: Wallet;
  /** Begun when the wallet does not answer; it holds up the worker only, never a request. */
  walletPause: Pause;
  retry: RetryTiming;
  /** Tells the payout worker that there is something to do. */
  wakePayouts: () => void;
}

/**
 * Asks the wallet for the hold of a withdrawal whose step the caller has leased, and returns the answer that its request gets. The
 * wallet's first decision is final and every repeat gets it, so this may run any number of times. Throws `HopelessStep` when the
 * wallet says that it can never decide this request.
 */
export async function placeHold(deps: PlaceHoldDeps, withdrawal: Transaction): Promise<Answer> {
  const answer = await deps.wallet.placeHold({
    transaction_id: withdrawal.id,
    user_id: withdrawal.userId,
    currency: withdrawal.currency,
    amount_minor: String(withdrawal.amountMinor),
  });
  if (answer.kind === 'impossible') throw new HopelessStep(`the wallet cannot decide this hold: ${answer.cause}`);
  if (answer.kind === 'unavailable') {
    deps.logger.warn({ cause: answer.cause }, 'the wallet gave no decision');
    deps.walletPause.begin(deps.retry.retryMsMin);
  }
  const stored = await deps.transact(
    async (tx) => {
      const now = deps.clock.now();
      const current = await tx.lockTransaction(withdrawal.id);
      if (current === undefined) throw new Error('a withdrawal vanished');
      if (answer.kind === 'unavailable') {
        await tx.postpone(current.id, 'place_hold', nextTryAt(now, withdrawal.attempts, deps.retry));
      } else {
        const moved = await moveWithdrawal(tx, current, factOf(answer, current.currency), now);
        if (moved !== undefined) return moved;
        // Cancelled meanwhile, and held after all: the void that was asked for ends it, and nothing is left to ask.
        await tx.finishStep(current.id, 'place_hold');
      }
      return tx.storeAnswer(current.id, answerTo(current));
    },
    { onUnknownCommit: 'rerun' },
  );
  deps.wakePayouts();
  return stored;
}

function factOf({ decision }: Extract<HoldAnswer, { kind: 'decided' }>, currency: Currency): HoldFact {
  if (decision.decision === 'held') return { fact: 'held' };
  const { reason, limit } = decision;
  return {
    fact: 'refused',
    reason: reason ?? 'unspecified',
    ...(limit === undefined ? {} : { members: { limit: shownLimit(limit, currency) } }),
  };
}

/** M9: which limit it was is the problem's code; this is how much it allows, what is left of it, and when it begins anew. */
const shownLimit = (
  { amount_minor, left_minor, resets_at }: NonNullable<HoldDecision['limit']>,
  currency: Currency,
) => ({
  amount: formatAmount(BigInt(amount_minor), currency),
  left: formatAmount(BigInt(left_minor), currency),
  currency,
  resets_at,
});

/** One run of the worker that asks for holds whose request died or could not reach the wallet. */
export function resumeHolds(deps: PlaceHoldDeps & RunDueDeps): Promise<number> {
  return runDue(deps, {
    step: 'place_hold',
    pause: deps.walletPause,
    work: (withdrawal) => placeHold(deps, withdrawal),
  });
}
