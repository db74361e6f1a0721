import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Counters, count, dayOf, exceededLimit, giveBack, resetsAt } from './limits.ts';

const fresh: Counters = { countedOn: null, dayMinor: 0n, monthMinor: 0n };
const limits = { dailyMinor: 1_000n, monthlyMinor: 2_500n };

test.each([
  ['2026-03-01T21:59:59.999Z', '2026-03-01'],
  ['2026-03-01T22:00:00.000Z', '2026-03-02'],
  ['2026-12-31T22:00:00.000Z', '2027-01-01'],
])('M9: %s is %s in South Africa', (at, day) => {
  expect(dayOf(fresh, new Date(at))).toBe(day);
});

test('M9: a clock behind midnight never begins yesterday again', () => {
  expect(dayOf({ countedOn: '2026-03-02' }, new Date('2026-03-01T21:00:00Z'))).toBe('2026-03-02');
});

test('M9: exactly the limit fits; one unit more is refused with what is left', () => {
  const counted = count(fresh, 600n, '2026-03-01');
  expect(exceededLimit(counted, 400n, '2026-03-01', limits)).toBeNull();
  expect(exceededLimit(counted, 401n, '2026-03-01', limits)).toEqual({
    ...{ reason: 'daily_limit_exceeded', limitMinor: 1_000n, leftMinor: 400n },
  });
});

test('M9: the next day begins anew, the month goes on; the next month begins anew', () => {
  let counted = count(fresh, 1_000n, '2026-03-30');
  counted = count(counted, 1_000n, '2026-03-31');
  expect(exceededLimit(counted, 501n, '2026-03-31', limits)).toMatchObject({ reason: 'daily_limit_exceeded' });
  counted = { ...counted, countedOn: '2026-03-31' };
  expect(exceededLimit(count(fresh, 2_000n, '2026-03-30'), 501n, '2026-03-31', limits)).toEqual({
    ...{ reason: 'monthly_limit_exceeded', limitMinor: 2_500n, leftMinor: 500n },
  });
  expect(exceededLimit(counted, 1_000n, '2026-04-01', limits)).toBeNull();
});

test('M9: a limit that was lowered below what is counted leaves nothing', () => {
  const counted = count(fresh, 5_000n, '2026-03-01');
  expect(exceededLimit(counted, 1n, '2026-03-01', limits)).toMatchObject({ leftMinor: 0n });
});

test('M9: no limit refuses nothing', () => {
  const none = { dailyMinor: null, monthlyMinor: null };
  expect(exceededLimit(count(fresh, 10n ** 15n, '2026-03-01'), 10n ** 15n, '2026-03-01', none)).toBeNull();
});

test('M9: a void gives back to the day and the month that counted, and to no other', () => {
  const counted = count(count(fresh, 300n, '2026-03-01'), 200n, '2026-03-02');
  expect(giveBack(counted, { amountMinor: 200n, countedOn: '2026-03-02' })).toMatchObject({
    ...{ dayMinor: 0n, monthMinor: 300n },
  });
  expect(giveBack(counted, { amountMinor: 300n, countedOn: '2026-03-01' })).toMatchObject({
    ...{ dayMinor: 200n, monthMinor: 200n },
  });
  expect(giveBack(counted, { amountMinor: 900n, countedOn: '2026-02-28' })).toEqual(counted);
  expect(giveBack(counted, { amountMinor: 900n, countedOn: null }), 'held before days were counted').toEqual(counted);
});

test.each([
  ['daily_limit_exceeded', '2026-02-28', '2026-02-28T22:00:00.000Z'],
  ['daily_limit_exceeded', '2026-12-31', '2026-12-31T22:00:00.000Z'],
  ['monthly_limit_exceeded', '2026-01-31', '2026-01-31T22:00:00.000Z'],
  ['monthly_limit_exceeded', '2026-12-05', '2026-12-31T22:00:00.000Z'],
] as const)('M9: what %s on %s refuses begins anew at %s', (reason, day, instant) => {
  expect(resetsAt(reason, day).toISOString()).toBe(instant);
});

test('M9: whatever is counted and given back, the counters are what still stands of their day and month', () => {
  const step = fc.record({ aheadDays: fc.nat(20), amount: fc.bigInt(1n, 100n), voids: fc.nat(30) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const held: { amountMinor: bigint; countedOn: string; voided: boolean }[] = [];
      let counters = fresh;
      let at = Date.UTC(2026, 0, 1);
      for (const { aheadDays, amount, voids } of steps) {
        at += (aheadDays % 7) * 43_200_000;
        const day = dayOf(counters, new Date(at));
        counters = count(counters, amount, day);
        held.push({ amountMinor: amount, countedOn: day, voided: false });
        const turned = held[voids];
        if (turned !== undefined && !turned.voided) {
          counters = giveBack(counters, turned);
          turned.voided = true;
        }
      }
      const standing = held.filter((each) => !each.voided);
      const sum = (length: number) =>
        standing
          .filter(({ countedOn }) => countedOn.slice(0, length) === counters.countedOn?.slice(0, length))
          .reduce((total, { amountMinor }) => total + amountMinor, 0n);
      expect([counters.dayMinor, counters.monthMinor]).toEqual([sum(10), sum(7)]);
    }),
  );
});
