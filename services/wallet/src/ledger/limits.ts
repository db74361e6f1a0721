/** How much may be withdrawn, or null for as much as there is. In minor units of one currency. */
export type Limits = { dailyMinor: bigint | null; monthlyMinor: bigint | null };

/** What was held on a day and in its month, voids taken off again: they stand on the wallet row, which every hold locks anyway. */
export type Counters = {
  /** The newest day that something was counted on (`2026-03-01`), in South Africa; null before the first. */
  countedOn: string | null;
  dayMinor: bigint;
  monthMinor: bigint;
};

export type LimitRefusal = 'daily_limit_exceeded' | 'monthly_limit_exceeded';

/** Which limit, and what of it was left when it was asked. */
export type Exceeded = { reason: LimitRefusal; limitMinor: bigint; leftMinor: bigint };

/** Africa/Johannesburg has had no daylight saving since 1944: two hours ahead of UTC all year. */
const zone = '+02:00';
const zoneMs = 2 * 3_600_000;

/**
 * The day that a hold at `at` counts to. Never one before the newest day counted: of two replicas whose clocks stand on both sides
 * of midnight, the second would otherwise begin yesterday again.
 */
export function dayOf({ countedOn }: Pick<Counters, 'countedOn'>, at: Date): string {
  const day = new Date(at.getTime() + zoneMs).toISOString().slice(0, 10);
  return countedOn !== null && countedOn > day ? countedOn : day;
}

const monthOf = (day: string): string => day.slice(0, 7);

/** What the counters stand at on `day`: a new day begins with nothing, and a new month too. */
function standing({ countedOn, dayMinor, monthMinor }: Counters, day: string): Omit<Counters, 'countedOn'> {
  return {
    dayMinor: countedOn === day ? dayMinor : 0n,
    monthMinor: countedOn !== null && monthOf(countedOn) === monthOf(day) ? monthMinor : 0n,
  };
}

/** The limit that another `amountMinor` on `day` would exceed: the day's if both, because it is over sooner. Null if it fits. */
export function exceededLimit(counters: Counters, amountMinor: bigint, day: string, limits: Limits): Exceeded | null {
  const used = standing(counters, day);
  const exceeded = (reason: LimitRefusal, limitMinor: bigint | null, usedMinor: bigint): Exceeded | null => {
    if (limitMinor === null || usedMinor + amountMinor <= limitMinor) return null;
    // A limit that was lowered meanwhile leaves nothing, not less than nothing.
    return { reason, limitMinor, leftMinor: limitMinor > usedMinor ? limitMinor - usedMinor : 0n };
  };
  return (
    exceeded('daily_limit_exceeded', limits.dailyMinor, used.dayMinor) ??
    exceeded('monthly_limit_exceeded', limits.monthlyMinor, used.monthMinor)
  );
}

/** With `amountMinor` counted on `day`. */
export function count<Counted extends Counters>(counters: Counted, amountMinor: bigint, day: string): Counted {
  const { dayMinor, monthMinor } = standing(counters, day);
  return { ...counters, countedOn: day, dayMinor: dayMinor + amountMinor, monthMinor: monthMinor + amountMinor };
}

/** A void gives back to the day and the month that counted the hold; of a day that is over nothing is kept that could be given back to. */
export function giveBack<Counted extends Counters>(
  counters: Counted,
  { amountMinor, countedOn }: { amountMinor: bigint; countedOn: string | null },
): Counted {
  if (countedOn === null || counters.countedOn === null) return counters;
  const sameDay = countedOn === counters.countedOn;
  const sameMonth = monthOf(countedOn) === monthOf(counters.countedOn);
  return {
    ...counters,
    dayMinor: counters.dayMinor - (sameDay ? amountMinor : 0n),
    monthMinor: counters.monthMinor - (sameMonth ? amountMinor : 0n),
  };
}

/** When a limit that was exceeded on `day` begins anew: at midnight in South Africa, of the next day or of the next month's first. */
export function resetsAt(reason: LimitRefusal, day: string): Date {
  const midnight = new Date(`${day}T00:00:00.000Z`);
  if (reason === 'daily_limit_exceeded') midnight.setUTCDate(midnight.getUTCDate() + 1);
  else midnight.setUTCMonth(midnight.getUTCMonth() + 1, 1);
  return new Date(`${midnight.toISOString().slice(0, 10)}T00:00:00.000${zone}`);
}
