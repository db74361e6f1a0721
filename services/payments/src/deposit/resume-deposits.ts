import { type RunDueDeps, runDue } from '../worker/run-due.ts';
import { type CreatePurchaseDeps, createPurchase, failDeposit } from './create-purchase.ts';

export interface ResumeDepositsDeps extends CreatePurchaseDeps, RunDueDeps {
  /** From when on a deposit that Revio was never told of is given up: its user has gone by then. */
  depositGiveUpMs: number;
}

/** One run of the worker that finishes deposits whose request died or could not reach Revio. */
export function resumeDeposits(deps: ResumeDepositsDeps): Promise<number> {
  return runDue(deps, {
    step: 'create_purchase',
    pause: deps.purchasePause,
    work: (deposit) => {
      const ageMs = deps.clock.now().getTime() - deposit.createdAt.getTime();
      return ageMs > deps.depositGiveUpMs
        ? failDeposit(deps, deposit.id, 'provider_unavailable')
        : createPurchase(deps, deposit);
    },
  });
}
