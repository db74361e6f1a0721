import { expect, test } from 'vitest';
import { payout, policy, purchase, refund } from '../../test/samples.ts';
import type { Decision } from '../decision.ts';
import { movementOf } from './movement.ts';

const settle: Decision = { kind: 'settle' };
const caseOf: Decision = { kind: 'case', cause: 'amount_mismatch' };
const ignore = (reason: string): Decision => ({ kind: 'ignore', reason });
const moved = (decision: Decision, observed: Parameters<typeof movementOf>[1]) => {
  const movement = movementOf(decision, observed, policy);
  return movement === null ? null : [movement.kind, movement.objectId, movement.currency, movement.amountMinor];
};

test.each(['paid', 'cleared', 'settled', 'pending_refund', 'refunded', 'chargeback'])(
  'I9: a purchase that is %s brought its money, whatever was decided about it',
  (status) => {
    const credit = ['credit', 'purchase-1', 'ZAR', 15_000n];
    expect(moved(settle, purchase(status))).toEqual(credit);
    expect(moved(caseOf, purchase(status))).toEqual(credit);
    expect(moved(ignore('a mistake of ours'), purchase(status))).toEqual(credit);
  },
);

test.each([
  ['is not paid', purchase('viewed')],
  ['was marked as paid by hand', purchase('paid', { marked_as_paid: true })],
  ["is another brand's", purchase('paid', { brand_id: 'other' })],
  ['is a test', purchase('paid', { is_test: false })],
])('I9: a purchase that %s brought nothing of ours', (_what, observed) => {
  expect(moved(caseOf, observed)).toBeNull();
});

test('I9: a payout left when it succeeded, and came back only when that was decided', () => {
  expect(moved(settle, payout('success'))).toEqual(['settlement', 'payout-1', 'ZAR', 6_000n]);
  expect(moved({ kind: 'return' }, payout('error'))).toEqual(['payout-return', 'payout-1', 'ZAR', 6_000n]);
  for (const status of ['initialized', 'pending', 'error']) expect(moved(ignore(status), payout(status))).toBeNull();
  expect(moved(ignore('superseded'), payout('success')), 'a newer word says otherwise').toBeNull();
});

test('I9: a refund or chargeback went back once it succeeded; one that the bank took back is a case of its own', () => {
  const reversal = ['reversal', 'refund-1', 'ZAR', 5_000n];
  expect(moved(caseOf, refund())).toEqual(reversal);
  expect(moved(caseOf, refund({ event_type: 'payment.charged_back', payment_type: 'chargeback' }))).toEqual(reversal);
  expect(moved(caseOf, refund({ status: 'pending' }))).toBeNull();
  expect(moved(caseOf, refund({ is_outgoing: false }))).toBeNull();
  expect(moved(caseOf, refund({ event_type: 'payment.chargeback_reversed', payment_type: 'chargeback' }))).toBeNull();
});
