import { expect, test } from 'vitest';
import { boundsOf, dayAfter, dayOf, isDay } from './report-day.ts';

test('R3: a day in Johannesburg begins and ends at 22:00 UTC', () => {
  const { from, until } = boundsOf('2026-11-22', 'Africa/Johannesburg');
  expect([from.toISOString(), until.toISOString()]).toEqual(['2026-11-21T22:00:00.000Z', '2026-11-22T22:00:00.000Z']);
  expect(dayOf(new Date('2026-11-21T21:59:59.999Z'), 'Africa/Johannesburg')).toBe('2026-11-21');
  expect(dayOf(new Date('2026-11-21T22:00:00.000Z'), 'Africa/Johannesburg')).toBe('2026-11-22');
});

test.each([
  ['2026-03-29', 'Europe/Berlin', 23],
  ['2026-10-25', 'Europe/Berlin', 25],
  // Clocks go from 24:00 to 01:00: this day has no midnight.
  ['2026-09-06', 'America/Santiago', 23],
  ['2026-11-22', 'Asia/Kathmandu', 24],
])('%s in %s has %i hours, and every moment of it is of that day', (day, zone, hours) => {
  const { from, until } = boundsOf(day, zone);
  expect((until.getTime() - from.getTime()) / 3_600_000).toBe(hours);
  expect([dayOf(from, zone), dayOf(new Date(until.getTime() - 1), zone)]).toEqual([day, day]);
  expect(dayOf(until, zone)).toBe(dayAfter(day, 1));
});

test('a day is one of the calendar', () => {
  expect(['2026-02-28', '2028-02-29', '2026-12-31'].map(isDay)).toEqual([true, true, true]);
  expect(
    ['2026-02-29', '2026-13-01', '2026-1-1', '', '2026-02-28T00:00', '22026-01-01', '0000-01-01', '0099-12-31'].map(
      isDay,
    ),
  ).not.toContain(true);
  expect([dayAfter('2026-12-31', 1), dayAfter('2026-03-01', -1)]).toEqual(['2027-01-01', '2026-02-28']);
});
