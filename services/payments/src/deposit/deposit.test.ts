import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DepositFact, type DepositStatus, decideDeposit } from './deposit.ts';

const failed: DepositFact = { fact: 'failed', reason: 'payment_failed' };
const expired: DepositFact = { fact: 'expired', reason: 'past_due' };
const cancelled: DepositFact = { fact: 'cancelled', reason: 'cancelled_at_provider' };
const credited: DepositFact = { fact: 'credited' };

const endOf = (facts: readonly DepositFact[], from: DepositStatus = 'pending'): DepositStatus =>
  facts.reduce<DepositStatus>((status, fact) => {
    const decision = decideDeposit(status, fact);
    return decision.accepted ? decision.status : status;
  }, from);

describe('M1: a deposit', () => {
  test.each([
    [failed, 'failed'],
    [expired, 'expired'],
    [cancelled, 'cancelled'],
    [credited, 'completed'],
  ] as const)('given pending, when told %o → %s', (fact, status) => {
    expect(endOf([fact])).toBe(status);
  });

  test.each(['failed', 'expired', 'cancelled'] as const)(
    'M7: given %s, when it is credited after all → completed',
    (from) => {
      expect(decideDeposit(from, credited)).toEqual({ accepted: true, status: 'completed', reason: null });
    },
  );

  test.each([failed, expired, cancelled, credited])('given completed, when told %o → nothing', (fact) => {
    expect(decideDeposit('completed', fact)).toEqual({ accepted: false });
  });

  test('given expired, when an older failed attempt is told → nothing', () => {
    expect(decideDeposit('expired', failed)).toEqual({ accepted: false });
  });

  test('the reason is the one that was told', () => {
    expect(decideDeposit('pending', expired)).toEqual({ accepted: true, status: 'expired', reason: 'past_due' });
  });
});

test('F7: any order and repetition of the same facts ends a deposit in the same status', () => {
  const facts = fc.uniqueArray(fc.constantFrom(failed, expired, cancelled, credited), { minLength: 1 });
  const twoOrders = facts.chain((some) =>
    fc.tuple(
      fc.shuffledSubarray([...some, ...some, ...some], { minLength: some.length * 3 }),
      fc.shuffledSubarray([...some, ...some], { minLength: some.length * 2 }),
    ),
  );
  fc.assert(
    fc.property(twoOrders, ([one, other]) => {
      expect(endOf(one)).toBe(endOf(other));
    }),
  );
});
