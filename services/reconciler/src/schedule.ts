import { type Expected, expectedOf, type ProviderObject, type Subject } from './subject.ts';
import type { Verdict } from './verdict.ts';

/** When Revio is asked again (REQUIREMENTS R2, R2b). Ages count from the request, the intent or the end; steps from the last read. */
export interface ReadPlan {
  /** A deposit is read for the first time when it is this old, or past its due time by the margin, whichever comes first. */
  depositAfterMs: number;
  /** Expiry has no event (REVIO.md §1.10); the margin is for clocks that are apart. */
  depositDueMarginMs: number;
  /** A withdrawal that Revio called `pending` is left alone for this long. */
  withdrawalAfterMs: number;
  /** Steps for what is silent or unknown: an intended payout of which nothing was heard, a read that found nothing. */
  earlyStepsMs: readonly number[];
  /** Steps after the first ordinary read. */
  stepsMs: readonly number[];
  failedDepositAgesMs: readonly number[];
  completedDepositAgesMs: readonly number[];
  endedPayoutAgesMs: readonly number[];
}

/** The statuses that a payout can have for days: it was executed and waits for the banks. */
const settledIn = new Set(['pending']);

/** The next scheduled read, in the past if one is overdue; null when there is nothing to learn any more. */
export function nextReadAt(
  subject: Subject | null,
  object: ProviderObject,
  verdicts: readonly Verdict[],
  plan: ReadPlan,
): Date | null {
  const expected = expectedOf(subject);
  if (subject === null || expected === null || object.objectType === 'payment') return null;
  // A payout that was never executed cannot move by itself. A second purchase can be paid as long as it exists.
  if (expected.kind === 'withdrawal' && object.objectId !== expected.objectId) return null;
  const end = endOf(subject, object, verdicts);
  if (end !== null) return afterEnd(end, object, agesOf(expected, end.completed, plan));
  return expected.kind === 'deposit' ? openDeposit(expected, object, plan) : openWithdrawal(expected, object, plan);
}

/**
 * When to read what something waits for: now, or a step after the last read if that did not bring it. Counted from that read and not
 * from now, for whoever looks in between would put it off each time.
 */
export const retryAt = (object: ProviderObject, now: Date, plan: ReadPlan): Date =>
  object.readAt === null ? now : later(object.readAt, step(plan.earlyStepsMs, Math.max(0, object.reads - 1)));

/** No object is read twice within the first early step, whatever its times say: they come from other machines' clocks. */
export const restAfterRead = (now: Date, plan: ReadPlan): Date => later(now, step(plan.earlyStepsMs, 0));

/** An object that cannot be read is left alone the longer, the more often that was so; null if the last read went well. */
export const restAfterFailures = ({ failedReads, readFailedAt }: ProviderObject, plan: ReadPlan): Date | null =>
  readFailedAt && later(readFailedAt, step(plan.earlyStepsMs, failedReads - 1));

/** The scheduled read, put off to the end of the rest if it would come before. */
export const notBefore = (next: Date | null, rest: Date | null): Date | null =>
  next !== null && rest !== null && next < rest ? rest : next;

interface End {
  at: Date;
  completed: boolean;
}

/** Payments' word that it ended, or until that comes the verdict that will end it. */
function endOf(subject: Subject, object: ProviderObject, verdicts: readonly Verdict[]): End | null {
  if (subject.endedAt !== null) return { at: subject.endedAt, completed: subject.endedAs === 'completed' };
  const final = verdicts.find(
    ({ slot, objectId }) => (slot === 'credit' || slot === 'payout') && objectId === object.objectId,
  );
  return final === undefined ? null : { at: final.decidedAt, completed: final.outcome === 'settled' };
}

const agesOf = (expected: Expected, completed: boolean, plan: ReadPlan): readonly number[] => {
  if (expected.kind === 'withdrawal') return plan.endedPayoutAgesMs;
  return completed ? plan.completedDepositAgesMs : plan.failedDepositAgesMs;
};

/**
 * The first age that no read has covered yet: one that was missed while we were down is still read. The last age repeats for a payout that
 * two people have ended and the banks have not: it may come back yet, and the webhook that tells of it may be lost.
 */
function afterEnd(end: End, object: ProviderObject, agesMs: readonly number[]): Date | null {
  const coveredMs = Math.max(end.at.getTime(), object.readAt?.getTime() ?? 0);
  const age = agesMs.find((ageMs) => end.at.getTime() + ageMs > coveredMs);
  if (age !== undefined) return later(end.at, age);
  const isOpen = object.objectType === 'payout' && end.completed && settledIn.has(object.lastStatus ?? '');
  return isOpen && object.readAt !== null ? later(object.readAt, agesMs.at(-1) ?? 0) : null;
}

function openDeposit(expected: Expected, object: ProviderObject, plan: ReadPlan): Date {
  if (object.readAt !== null && object.reads > 0) return later(object.readAt, step(plan.stepsMs, object.reads - 1));
  const byAge = later(expected.requestedAt, plan.depositAfterMs);
  const byDue = expected.dueAt && later(expected.dueAt, plan.depositDueMarginMs);
  return byDue !== null && byDue < byAge ? byDue : byAge;
}

function openWithdrawal(expected: Expected, object: ProviderObject, plan: ReadPlan): Date {
  const sentAt = expected.executeSentAt ?? expected.requestedAt;
  const unclear = object.lastStatus === null || !settledIn.has(object.lastStatus) || object.absences > 0;
  if (unclear) return later(object.readAt ?? sentAt, step(plan.earlyStepsMs, object.reads));
  const byAge = later(sentAt, plan.withdrawalAfterMs);
  const byStep = later(object.readAt ?? sentAt, step(plan.stepsMs, Math.max(0, object.reads - 1)));
  return byStep > byAge ? byStep : byAge;
}

const later = (from: Date, ms: number): Date => new Date(from.getTime() + ms);

/** The n-th step; the last one repeats. */
const step = (stepsMs: readonly number[], n: number): number => stepsMs[Math.min(n, stepsMs.length - 1)] ?? 0;
