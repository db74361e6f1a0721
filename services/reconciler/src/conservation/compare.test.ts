import { expect, test } from 'vitest';
import { compare, type Side } from './compare.ts';

const side = (changed: Partial<Side> = {}): Side => ({
  ...{ transactionId: 'dep_1', userId: 'u', currency: 'ZAR', gainedMinor: -100n },
  ...changed,
});

test('I9: both sides say the same, or neither says anything', () => {
  expect(compare(side(), side())).toBeNull();
  expect(compare(null, null)).toBeNull();
});

test('I9: a hold or a void has no partner and wants none; a void beside money that left is a difference', () => {
  expect(compare(side({ gainedMinor: 0n }), null)).toBeNull();
  expect(compare(side({ gainedMinor: 0n }), side({ gainedMinor: 100n }))).toEqual(['amount']);
});

test.each<[string, Side | null, Side | null, string[]]>([
  ['a posting without its object', side(), null, ['missing_there']],
  ['an object without its posting', null, side(), ['missing_here']],
  ['another amount', side({ gainedMinor: -99n }), side(), ['amount']],
  ['the wrong way round', side({ gainedMinor: 100n }), side(), ['amount']],
  ['another currency', side({ currency: 'USD' }), side(), ['currency']],
  ["somebody else's wallet", side({ userId: 'other' }), side(), ['user']],
  ['another transaction', side({ transactionId: 'dep_2' }), side(), ['transaction']],
  ['an object that nobody has claimed', side(), side({ transactionId: null, userId: null }), ['transaction']],
  ['several at once', side({ currency: 'USD', userId: 'x' }), side(), ['currency', 'user']],
])('I9: %s is named', (_what, ours, theirs, named) => {
  expect(compare(ours, theirs)).toEqual(named);
});
