import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cancelledByUser, decideWithdrawal, type HoldFact, type WithdrawalStatus } from './withdrawal.ts';

const held: HoldFact = { fact: 'held' };
const refused: HoldFact = { fact: 'refused', reason: 'insufficient_funds' };
const posted: HoldFact = { fact: 'posted' };
const voided: HoldFact = { fact: 'voided', reason: 'payout_failed' };

type State = { status: WithdrawalStatus; reason: string | null };
const state = (status: WithdrawalStatus, reason: string | null = null): State => ({ status, reason });

const endOf = (from: State, facts: readonly HoldFact[]): State =>
  facts.reduce((current, fact) => {
    const decision = decideWithdrawal(current, fact);
    return decision.accepted && decision.status !== 'reserved' ? decision : current;
  }, from);

describe('M2: a withdrawal', () => {
  test('given pending, when the amount is held → reserved, still pending', () => {
    expect(decideWithdrawal(state('pending'), held)).toEqual({ accepted: true, status: 'reserved' });
  });

  test('given pending, when the hold is refused → failed for that reason', () => {
    expect(endOf(state('pending'), [refused])).toMatchObject({ status: 'failed', reason: 'insufficient_funds' });
  });

  test('given processing, when the hold is posted → completed', () => {
    expect(endOf(state('processing'), [posted])).toMatchObject({ status: 'completed', reason: null });
  });

  test('M3: given processing, when the hold came back → failed for the reason of the verdict', () => {
    expect(endOf(state('processing'), [voided])).toMatchObject({ status: 'failed', reason: 'payout_failed' });
  });

  test('given cancelled by its user, it ends only when the hold is back', () => {
    expect(endOf(state('voiding', cancelledByUser), [held])).toMatchObject({ status: 'voiding' });
    expect(endOf(state('voiding', cancelledByUser), [voided])).toMatchObject({ status: 'cancelled' });
  });

  test('given cancelled by its user before the wallet decided, when the hold is refused → cancelled, for nothing is held', () => {
    expect(endOf(state('voiding', cancelledByUser), [refused])).toMatchObject({ status: 'cancelled' });
  });

  test('given rejected by Revio, when the hold came back → failed for that', () => {
    expect(endOf(state('voiding', 'provider_rejected'), [voided])).toMatchObject({
      status: 'failed',
      reason: 'provider_rejected',
    });
  });

  test.each(['completed', 'failed', 'cancelled'] as const)('given %s, nothing that is told changes it', (status) => {
    for (const fact of [held, refused, posted, voided]) {
      expect(decideWithdrawal(state(status), fact)).toEqual({ accepted: false });
    }
  });
});

test('F7: any order and repetition of one hold’s facts ends a withdrawal in the same status', () => {
  // What one hold can tell: refused, or held and then at most one of posted and voided; a tombstone is refused and voided.
  const histories = fc.constantFrom([held], [held, posted], [held, voided], [refused], [refused, voided]);
  const starts = fc.constantFrom(state('pending'), state('processing'), state('voiding', cancelledByUser));
  const cases = fc.tuple(starts, histories).chain(([from, history]) =>
    fc.record({
      from: fc.constant(from),
      one: fc.shuffledSubarray([...history, ...history], { minLength: history.length * 2 }),
      other: fc.shuffledSubarray([...history, ...history, ...history], { minLength: history.length * 3 }),
    }),
  );
  fc.assert(
    fc.property(cases, ({ from, one, other }) => {
      expect(endOf(from, one).status).toBe(endOf(from, other).status);
    }),
  );
});
