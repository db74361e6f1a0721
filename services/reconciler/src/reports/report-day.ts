/** Days of a time zone, `2026-11-23`. A business day is of the place where the business is, not of UTC. */

/** From its first moment up to, but without, the first of the next day. */
export interface DayBounds {
  from: Date;
  until: Date;
}

const dayMs = 86_400_000;

/** The day that `at` falls on in `zone` (IANA name). */
export function dayOf(at: Date, zone: string): string {
  const { year, month, day } = localFields(at, zone);
  return isoDay(new Date(Date.UTC(year, month - 1, day)));
}

export function boundsOf(day: string, zone: string): DayBounds {
  return { from: firstMomentOf(day, zone), until: firstMomentOf(dayAfter(day, 1), zone) };
}

/** `2026-02-28` and 1 give `2026-03-01`; negative goes back. */
export const dayAfter = (day: string, days: number): string => isoDay(new Date(Date.parse(day) + days * dayMs));

/**
 * Whether this is a day of the calendar: neither `2026-02-30` nor `2026-2-3` is. Nor is any of the first centuries: PostgreSQL has no
 * year 0, and JavaScript takes 99 for 1999.
 */
export const isDay = (raw: string): boolean =>
  /^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}$/.test(raw) &&
  !Number.isNaN(Date.parse(raw)) &&
  isoDay(new Date(Date.parse(raw))) === raw;

const isoDay = (at: Date): string => at.toISOString().slice(0, 10);

/**
 * Local midnight as an instant, by the offset of the day before or of the day after: they differ around a change of clocks. Where that
 * change leaves midnight out, one of the two is the moment after it; where midnight comes twice, the day begins with the first.
 */
function firstMomentOf(day: string, zone: string): Date {
  const wanted = Date.parse(day);
  const midnights = [wanted - dayMs, wanted + dayMs]
    .map((near) => new Date(wanted - offsetMs(new Date(near), zone)))
    .filter((at) => dayOf(at, zone) === day);
  return new Date(Math.min(...midnights.map((at) => at.getTime())));
}

function offsetMs(at: Date, zone: string): number {
  const { year, month, day, hour, minute, second } = localFields(at, zone);
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at.getTime() / 1000) * 1000;
}

/** Making one takes 50 µs, and a report of a day asks for one zone thousands of times. */
const formats = new Map<string, Intl.DateTimeFormat>();

function localFields(at: Date, zone: string) {
  const format = formats.get(zone) ?? newFormat(zone);
  formats.set(zone, format);
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts;
  return { year, month, day, hour, minute, second };
}

const newFormat = (timeZone: string): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat('en-GB', {
    timeZone,
    calendar: 'iso8601',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
