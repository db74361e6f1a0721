import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareDay, type Item, movedMinor, type OurMove, type TheirMove } from './compare-day.ts';

/** R3: a day of ours held against Revio's. */

const kinds = ['deposit', 'withdrawal', 'reversal', 'payout_return'] as const;
const at = new Date('2026-11-22T10:00:00.000Z');

const theirMove = (changed: Partial<TheirMove> = {}): TheirMove => ({
  kind: 'deposit',
  objectId: 'purchase-1',
  reference: '',
  currency: 'ZAR',
  amountMinor: 15_000n,
  feeMinor: 435n,
  status: 'settled',
  at,
  onDay: true,
  from: 'statement',
  ...changed,
});

const ourMoveOf = (their: TheirMove, changed: Partial<OurMove> = {}): OurMove => ({
  kind: their.kind,
  objectId: their.objectId,
  transactionId: `of-${their.objectId}`,
  currency: their.currency,
  amountMinor: movedMinor(their),
  at: their.at,
  onDay: true,
  ...changed,
});

const day = fc
  .uniqueArray(
    fc.record({
      kind: fc.constantFrom(...kinds),
      objectId: fc.string({ minLength: 1, maxLength: 3, unit: fc.constantFrom('a', 'b', 'c', '1') }),
      amountMinor: fc.bigInt({ min: 1n, max: 10n ** 12n }),
      feeMinor: fc.bigInt({ min: 0n, max: 1_000n }),
      minute: fc.nat({ max: 1_000 }),
    }),
    { selector: ({ kind, objectId }) => `${kind} ${objectId}`, maxLength: 30 },
  )
  .map((moves) =>
    moves.map(({ minute, ...move }) => theirMove({ ...move, at: new Date(at.getTime() + minute * 60_000) })),
  );
const busyDay = day.filter((moves) => moves.length > 0);

const differing = (items: Item[]): Item[] => items.filter(({ result }) => result !== 'matched');
const sum = (parts: Record<string, bigint>): bigint => Object.values(parts).reduce((all, part) => all + part, 0n);

/** The one change that a wrong statement or ledger shows, and the class that it must be reported as. */
const faults: Record<string, (theirs: TheirMove[], ours: OurMove[], n: number) => { key: string; result: string }> = {
  'a line is missing': (theirs, _ours, n) => {
    const [gone] = theirs.splice(n, 1);
    return { key: `${gone?.kind} ${gone?.objectId}`, result: 'missing_there' };
  },
  'a posting is missing': (_theirs, ours, n) => {
    const [gone] = ours.splice(n, 1);
    return { key: `${gone?.kind} ${gone?.objectId}`, result: 'missing_here' };
  },
  'a line too many': (theirs, _ours, _n) => {
    theirs.push(theirMove({ objectId: 'stranger', amountMinor: 777n }));
    return { key: 'deposit stranger', result: 'missing_here' };
  },
  'a line twice': (theirs, _ours, n) => {
    theirs.push({ ...(theirs[n] as TheirMove) });
    return { key: `${theirs[n]?.kind} ${theirs[n]?.objectId}`, result: 'missing_here' };
  },
  'another amount': (theirs, _ours, n) => {
    const line = theirs[n] as TheirMove;
    theirs[n] = { ...line, amountMinor: line.amountMinor + 1n };
    return { key: `${line.kind} ${line.objectId}`, result: 'amount' };
  },
  'another status': (theirs, _ours, n) => {
    const line = theirs[n] as TheirMove;
    theirs[n] = { ...line, status: 'failed' };
    return { key: `${line.kind} ${line.objectId}`, result: 'status' };
  },
  'another currency': (theirs, _ours, n) => {
    const line = theirs[n] as TheirMove;
    theirs[n] = { ...line, currency: 'USD' };
    return { key: `${line.kind} ${line.objectId}`, result: 'currency' };
  },
};

test('R3: equal sides match one by one, in any order, and leave nothing to explain', () => {
  fc.assert(
    fc.property(day, fc.infiniteStream(fc.nat()), (theirs, chances) => {
      const shuffled = [...theirs].sort(() => (Number(chances.next().value) % 2) - 0.5);
      const found = compareDay(
        'ZAR',
        shuffled.map((their) => ourMoveOf(their)),
        theirs,
      );
      expect(found.items).toHaveLength(theirs.length);
      expect(differing(found.items)).toEqual([]);
      expect([found.unexplainedMinor, found.cutOffMinor]).toEqual([0n, 0n]);
      expect(found.ours).toEqual(found.theirs);
      expect(found.feesMinor).toBe(theirs.reduce((fees, { feeMinor }) => fees + feeMinor, 0n));
    }),
  );
});

describe.each(Object.entries(faults))('%s', (_name, inject) => {
  test('R3: it is reported once, as what it is, and the difference of the totals is its own', () => {
    fc.assert(
      fc.property(busyDay, fc.nat(), (before, chance) => {
        const theirs = [...before];
        const ours = before.map((their) => ourMoveOf(their));
        const { key, result } = inject(theirs, ours, chance % before.length);
        const found = compareDay('ZAR', ours, theirs);
        const [only, ...more] = differing(found.items);
        expect(more).toEqual([]);
        const side = only?.ours ?? only?.theirs;
        expect([only?.result, `${side?.kind} ${side?.objectId}`]).toEqual([result, key]);
        expect(sum(found.ours) - sum(found.theirs)).toBe(only?.differenceMinor);
        expect(found.unexplainedMinor).toBe(only?.differenceMinor);
        expect(only?.differenceMinor).not.toBe(0n);
      }),
    );
  });
});

test('R3: whatever the two sides are, the totals differ by exactly the sum of the items, adjustments included', () => {
  const anySide = fc.array(
    fc.record({
      kind: fc.constantFrom(...kinds),
      objectId: fc.constantFrom('a', 'b', 'c'),
      currency: fc.constantFrom('ZAR', 'USD'),
      amountMinor: fc.bigInt({ min: 1n, max: 5n }),
      status: fc.constantFrom('settled', 'failed'),
      onDay: fc.boolean(),
    }),
  );
  fc.assert(
    fc.property(anySide, anySide, fc.bigInt({ min: -9n, max: 9n }), (left, right, adjusted) => {
      const ours = left.map((each) => ourMoveOf(theirMove(each), { onDay: each.onDay }));
      const adjustment = ourMoveOf(theirMove(), { kind: 'adjustment', objectId: 'adj', amountMinor: adjusted });
      const found = compareDay('ZAR', [...ours, adjustment], right.map(theirMove));
      const differences = found.items.reduce((all, { differenceMinor }) => all + differenceMinor, 0n);
      expect(sum(found.ours) - sum(found.theirs)).toBe(differences);
      expect(found.cutOffMinor + found.unexplainedMinor + adjusted).toBe(differences);
      const ofTheDay = ours.filter(({ onDay, currency }) => onDay && currency === 'ZAR');
      expect(sum(found.ours) - adjusted).toBe(ofTheDay.reduce((all, { amountMinor }) => all + amountMinor, 0n));
    }),
  );
});

test('R3: what both sides know but count on different days matches, and is the cut-off of both days', () => {
  const theirs = theirMove({ onDay: false });
  const evening = compareDay('ZAR', [ourMoveOf(theirs)], [theirs]);
  expect(evening.items).toMatchObject([{ result: 'matched', differenceMinor: 15_000n }]);
  expect([evening.cutOffMinor, evening.unexplainedMinor]).toEqual([15_000n, 0n]);
  const morning = compareDay('ZAR', [ourMoveOf(theirs, { onDay: false })], [{ ...theirs, onDay: true }]);
  expect([morning.cutOffMinor, morning.unexplainedMinor]).toEqual([-15_000n, 0n]);
});

test('R3: what moved on neither side is no item; what counts for neither side on this day is none either', () => {
  const failed = theirMove({ status: 'failed' });
  const elsewhere = theirMove({ objectId: 'purchase-2', onDay: false });
  expect(compareDay('ZAR', [ourMoveOf(elsewhere, { onDay: false })], [failed, elsewhere]).items).toEqual([]);
});
