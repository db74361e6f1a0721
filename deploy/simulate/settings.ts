import type { Policy } from '../../services/reconciler/src/decision.ts';
import type { ReadPlan } from '../../services/reconciler/src/schedule.ts';
import { brandId } from './revio.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Shortly before midnight in South Africa, on the last of a month: the limits of a day and of a month begin anew in many schedules. */
export const startMs = Date.parse('2026-01-31T21:52:00Z');

/** As in production, against a Revio that keeps its execution window, and with fewer late reads: a schedule is weeks, not half a year. */
export const policy: Policy = {
  brandId,
  isTest: true,
  staleAfterMs: 5 * minuteMs,
  skewMaxMs: minuteMs,
  executeWindowMs: 20 * minuteMs,
  executeWindowEnforced: true,
  payoutPendingMaxMs: 5 * dayMs,
  absencesMax: 3,
  failedReadsMax: 8,
  reversalGraceMs: hourMs,
  purchaseUndecidedMaxMs: 7 * dayMs,
};

export const plan: ReadPlan = {
  depositAfterMs: hourMs,
  depositDueMarginMs: minuteMs,
  withdrawalAfterMs: dayMs,
  earlyStepsMs: [1, 2, 5, 15, 15, 30, 60].map((minutes) => minutes * minuteMs),
  stepsMs: [15, 15, 30, 60, 120, 240].map((minutes) => minutes * minuteMs),
  failedDepositAgesMs: [dayMs, 3 * dayMs],
  completedDepositAgesMs: [dayMs, 2 * dayMs],
  endedPayoutAgesMs: [dayMs, 3 * dayMs],
};
