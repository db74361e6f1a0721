import type { ApprovalPolicy } from '../../services/payments/src/approval/needs-approval.ts';
import type { AmountLimits } from '../../services/payments/src/transaction/amount-limits.ts';
import type { Policy } from '../../services/reconciler/src/decision.ts';
import type { Limits } from '../../services/wallet/src/ledger/limits.ts';
import type { Chance } from './chance.ts';
import { policy } from './settings.ts';

/** What the operators of a schedule have set: which withdrawals there may be, and what is left to people. */
export interface Rules {
  /** Of one withdrawal (M9). */
  amounts: AmountLimits;
  /** Of all withdrawals of a day and of a month (M9). */
  limits: Limits;
  approval: ApprovalPolicy;
  /** Whether the admins of these days freeze withdrawals: where they always did, nothing else would get far. */
  freezes: boolean;
  policy: Policy;
  /** Payouts are pending for longer than anybody waits for them. */
  slowBank: boolean;
}

const hourMs = 60 * 60_000;
const unlimited: Limits = { dailyMinor: null, monthlyMinor: null };

/** As when nobody has set anything. */
export const plainRules: Rules = {
  amounts: { min: {}, max: {} },
  limits: unlimited,
  approval: { above: {}, first: false },
  freezes: false,
  policy,
  slowBank: false,
};

/** Each by itself, and in some schedules none of them. */
export function drawRules(chance: Chance): Rules {
  const slowBank = chance.percent(15);
  const executeWindowEnforced = chance.percent(75);
  return {
    amounts: chance.pick([
      ...[plainRules.amounts, plainRules.amounts, plainRules.amounts],
      { min: { ZAR: 1_500n }, max: { ZAR: 3_000n } },
    ]),
    limits: chance.pick([
      unlimited,
      { dailyMinor: 3_500n, monthlyMinor: null },
      { dailyMinor: null, monthlyMinor: 4_000n },
      { dailyMinor: 3_000n, monthlyMinor: 5_000n },
    ]),
    approval: chance.pick([
      ...[plainRules.approval, plainRules.approval],
      { above: { ZAR: 2_000n }, first: false },
      { above: {}, first: true },
    ]),
    freezes: chance.percent(30),
    policy: { ...policy, executeWindowEnforced, ...(slowBank ? { payoutPendingMaxMs: hourMs } : {}) },
    slowBank,
  };
}
