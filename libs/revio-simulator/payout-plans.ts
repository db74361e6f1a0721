/** What an execution can lead to; which it is, payouts.ts says. */
export const PAYOUT_PLANS = [
  'pending_then_success',
  'pending_then_error',
  'pending',
  'success',
  'executed',
  'error',
] as const;
export type PayoutPlan = (typeof PAYOUT_PLANS)[number];
