import { describe, expect, test } from 'vitest';
import type { Observation } from '#libs/contracts';
import {
  absent,
  at,
  cameBack,
  credited,
  deposit,
  depositId,
  failedAs,
  known,
  paidOut,
  payout,
  policy,
  purchase,
  refund,
  reversed,
  withdrawal,
} from '../test/samples.ts';
import { decide, giveUp } from './decide.ts';
import type { Decision, Known } from './decision.ts';
import type { Expected } from './subject.ts';
import type { Verdict } from './verdict.ts';

/** One row: what is expected, what is seen, what is known, and what follows. */
type Row = [rule: string, observed: Observation, then: string, known?: Known, expected?: Expected | null];

/** A decision as one word: `settle`, `fail expired purchase_expired`, `case amount_mismatch`. */
function said(decision: Decision): string {
  switch (decision.kind) {
    case 'settle':
    case 'return':
      return decision.kind;
    case 'fail':
      return `fail ${decision.status} ${decision.reason}`;
    case 'reverse':
      return `reverse ${decision.reversal} ${decision.amountMinor}`;
    case 'case':
      return ['case', decision.cause, decision.part].filter(Boolean).join(' ');
    default:
      return `${decision.kind} ${decision.reason}`;
  }
}

const holds = (expected: Expected, rows: Row[]) =>
  test.each(rows)('%s', (_rule, observed, then, what = known(), expecting = expected) => {
    expect(said(decide(expecting, observed, what, policy))).toBe(then);
  });

const read = { source: 'read' } as const;
const answer = { source: 'answer' } as const;
const money = { is_outgoing: false, amount_minor: '15000', fee_minor: '0', currency: 'ZAR' };

describe('deposits: what each status of a purchase means (REVIO.md §3)', () => {
  const open = ['created', 'sent', 'viewed', 'overdue'].map(
    (s): Row => [`${s}: payable`, purchase(s), 'ignore payable'],
  );
  const undecided = ['pending_execute', 'pending_charge'].map(
    (s): Row => [`${s}: undecided at the acquirer`, purchase(s), 'ignore undecided'],
  );
  const reserved = ['hold', 'preauthorized', 'pending_capture', 'pending_release'].map(
    (s): Row => [`${s}: reserved is not paid`, purchase(s), 'ignore not_captured'],
  );
  const paid = ['paid', 'cleared', 'settled'].map((s): Row => [`M6: ${s}: was paid, credit`, purchase(s), 'settle']);
  const returning = ['pending_refund', 'refunded', 'chargeback'].flatMap((s): Row[] => [
    [`M7: ${s} without its Payment: not spendable`, purchase(s), 'read reversal_without_payment'],
    [`M7: ${s} with its Payment: credit, to be reversed`, purchase(s), 'settle', known([], {}, true)],
  ]);
  holds(deposit, [
    ...open,
    ...undecided,
    ...reserved,
    ...paid,
    ...returning,
    ['error: failed for the user', purchase('error'), 'fail failed payment_failed'],
    ['blocked: failed for the user', purchase('blocked'), 'fail failed payment_blocked'],
    ['released: the reserved money went back', purchase('released'), 'fail failed payment_released'],
    ['expired', purchase('expired', read), 'fail expired purchase_expired'],
    ['cancelled', purchase('cancelled'), 'fail cancelled purchase_cancelled'],
    ['an unknown status without money is nothing', purchase('dreaming'), 'ignore unknown_status'],
    ['an unknown status with money is for a human', purchase('dreaming', { payment: money }), 'case unknown_status'],
    ['a status that is a word of JavaScript', purchase('constructor'), 'ignore unknown_status'],
    [
      'an unknown status after paid is paid',
      purchase('dreaming', { status_history: ['paid', 'dreaming'], payment: money }),
      'settle',
    ],
    [
      'M7: error with paid in its history was paid',
      purchase('error', { status_history: ['paid', 'error'], payment: money }),
      'settle',
    ],
  ]);
});

describe('deposits: credit only if every condition holds (REVIO.md §3)', () => {
  holds(deposit, [
    ['by a webhook', purchase('paid'), 'settle'],
    ['by a read', purchase('paid', read), 'settle'],
    ['by an answer', purchase('paid', answer), 'settle'],
    ['without a reference, if it is the known purchase', purchase('paid', { reference: '' }), 'settle'],
    ['marked as paid by hand: no money behind it', purchase('paid', { marked_as_paid: true }), 'case marked_as_paid'],
    ['another amount', purchase('paid', { payment: { ...money, amount_minor: '14999' } }), 'case amount_mismatch'],
    ['a negative amount', purchase('paid', { payment: { ...money, amount_minor: '-15000' } }), 'case amount_mismatch'],
    ['another currency', purchase('paid', { payment: { ...money, currency: 'USD' } }), 'case currency_mismatch'],
    ['converted', purchase('paid', { currency_converted: true }), 'case currency_converted'],
    ['outgoing', purchase('paid', { payment: { ...money, is_outgoing: true } }), 'case payment_outgoing'],
    ['paid without a payment', purchase('paid', { payment: null }), 'case paid_without_payment'],
    ['another brand', purchase('paid', { brand_id: 'theirs' }), 'case foreign_brand'],
    ['live money in test', purchase('paid', { is_test: false }), 'case test_mode_mismatch'],
    ['somebody else’s reference', purchase('paid', { reference: 'order 7' }), 'case reference_mismatch'],
    ['a payout that refers to a deposit', payout('success', { reference: depositId }), 'case wrong_object_type'],
    ['a purchase that refers to a withdrawal', purchase('paid'), 'case wrong_object_type', known(), withdrawal],
  ]);
});

describe('deposits: late truth (M7)', () => {
  const orphan = purchase('paid', { object_id: 'purchase-2' });
  holds(deposit, [
    ['paid after failed', purchase('paid'), 'settle', known([failedAs('failed')])],
    ['paid after expired', purchase('paid'), 'settle', known([failedAs('expired')])],
    ['paid after cancelled', purchase('paid'), 'settle', known([failedAs('cancelled')])],
    ['M6: paid twice is credited once', purchase('paid'), 'ignore already_credited', known([credited()])],
    ['a second purchase that is paid is real money', orphan, 'settle', known([credited()])],
    [
      'a second purchase that is not paid is nothing',
      purchase('created', { object_id: 'purchase-2' }),
      'ignore payable',
    ],
    [
      'a second purchase’s failure ends nothing',
      purchase('error', { object_id: 'purchase-2' }),
      'ignore not_its_purchase',
    ],
    ['the same failure is told once', purchase('error'), 'ignore already_told', known([failedAs('failed')])],
    ['another failure is told', purchase('expired'), 'fail expired purchase_expired', known([failedAs('failed')])],
    [
      'its own failure after another purchase’s credit',
      purchase('error'),
      'ignore already_told',
      known([{ ...credited(), sourceId: 'purchase-2' }]),
    ],
    [
      'a failure older than what was seen',
      purchase('error'),
      'ignore superseded',
      known([], { lastUpdatedOn: at(61) }),
    ],
    [
      'unpaid from before the credit',
      purchase('viewed'),
      'ignore superseded',
      known([credited(61)], { lastUpdatedOn: at(61) }),
    ],
    [
      'a webhook that denies the credit',
      purchase('cancelled', {}, 70),
      'read contradicts_credit',
      known([credited()], { lastUpdatedOn: at(60) }),
    ],
    [
      'a read that denies the credit',
      purchase('cancelled', read, 70),
      'case credit_denied',
      known([credited()], { lastUpdatedOn: at(60) }),
    ],
    [
      'a read that denies the credit, from before it by Revio’s clock but surely made since',
      purchase('viewed', { ...read, observed_at: at(121).toISOString() }),
      'case credit_denied',
      known([credited()], { lastUpdatedOn: at(60) }),
    ],
    [
      'the same read, if it may only have been slow',
      purchase('viewed', { ...read, observed_at: at(120).toISOString() }),
      'ignore superseded',
      known([credited()], { lastUpdatedOn: at(60) }),
    ],
    [
      'a read of another amount than was credited',
      purchase('paid', { ...read, payment: { ...money, amount_minor: '14999' } }, 70),
      'case credit_denied',
      known([credited()], { lastUpdatedOn: at(60) }),
    ],
    [
      'a read that no money is behind what was credited',
      purchase('paid', { ...read, marked_as_paid: true }, 70),
      'case credit_denied',
      known([credited()], { lastUpdatedOn: at(60) }),
    ],
    [
      'the same by a webhook: read',
      purchase('paid', { marked_as_paid: true }, 70),
      'read contradicts_credit',
      known([credited()], { lastUpdatedOn: at(60) }),
    ],
    [
      'the other amount that two people credited',
      purchase('paid', { ...read, payment: { ...money, amount_minor: '14999' } }, 70),
      'ignore already_credited',
      known([{ ...credited(), reason: 'credit_this_purchase', amountMinor: 14_999n }], { lastUpdatedOn: at(60) }),
    ],
    [
      'refunded again, and only the first refund’s Payment came',
      purchase('refunded', { ...read, updated_on: at(-3600).toISOString(), refundable_minor: '7000' }),
      'case reversal_without_payment 3000',
      known([credited(), reversed('refund-1', 5_000n)]),
    ],
    [
      'refunded in part, and reversed to the cent',
      purchase('refunded', { ...read, updated_on: at(-3600).toISOString(), refundable_minor: '10000' }),
      'ignore already_credited',
      known([credited(), reversed('refund-1', 5_000n)]),
    ],
    [
      'refunded, by a webhook: the Payment will tell',
      purchase('refunded'),
      'ignore reversal_expected',
      known([credited()]),
    ],
    ['refunded just now, by a read', purchase('refunded', read), 'ignore reversal_expected', known([credited()])],
    [
      'refunded for an hour without a Payment',
      purchase('refunded', { ...read, updated_on: at(-3600).toISOString() }),
      'case reversal_without_payment',
      known([credited()]),
    ],
    [
      'refunded and reversed',
      purchase('refunded', { ...read, updated_on: at(-3600).toISOString() }),
      'ignore already_credited',
      known([credited(), reversed('refund-1', 5_000n)]),
    ],
  ]);
});

describe('deposits: first seen when the money has gone back (M7)', () => {
  const longAgo = purchase('refunded', { ...read, updated_on: at(-3600).toISOString() });
  holds(deposit, [
    ['just now, by a read: the Payment may still come', purchase('refunded', read), 'read reversal_without_payment'],
    ['for an hour: a case', longAgo, 'case reversal_without_payment'],
    ['for an hour, and the Payment has come', longAgo, 'settle', known([], {}, true)],
    [
      'a delivery that a read has told',
      purchase('refunded'),
      'ignore superseded_by_read',
      known([], { readAt: at(61), readUpdatedOn: at(60), readStatus: 'refunded' }),
    ],
    [
      'the Payment mends no wrong amount',
      { ...longAgo, payment: { ...money, amount_minor: '14999' } },
      'case amount_mismatch',
      known([], {}, true),
    ],
    [
      'it has gone back in the past, and is paid again',
      purchase('paid', { status_history: ['paid', 'pending_refund', 'paid'] }),
      'settle',
    ],
  ]);
});

describe('deposits: a purchase that stays undecided is seen by a human', () => {
  const [open, late] = [3600 + 604_800, 3600 + 604_801];
  const lateRead = { ...read, observed_at: at(late).toISOString() };
  const words = ['created', 'viewed', 'overdue', 'pending_charge', 'hold', 'dreaming'];
  holds(deposit, [
    ...words.map((s): Row => [`${s}, a week past due`, purchase(s, lateRead), 'case purchase_undecided']),
    ['not yet', purchase('hold', { ...read, observed_at: at(open).toISOString() }), 'ignore not_captured'],
    ['by a webhook', purchase('hold', {}, late), 'ignore not_captured'],
    ['another purchase of it', purchase('hold', { ...lateRead, object_id: 'purchase-2' }), 'ignore not_captured'],
    ['after a failure', purchase('hold', lateRead), 'ignore not_captured', known([failedAs('failed')])],
    [
      'without a due time: since the request',
      purchase('hold', lateRead),
      'case purchase_undecided',
      known(),
      { ...deposit, dueAt: null },
    ],
  ]);
});

describe('before payments told of it (W7)', () => {
  const unaware = { ...deposit, objectId: null };
  holds(deposit, [
    ['a paid purchase of nobody waits', purchase('paid'), 'park no_expectation', known(), null],
    ['a refund of nobody waits', refund(), 'park no_expectation', known(), null],
    ['the absence of nobody’s object is nothing', absent('x'), 'ignore absent_and_unknown', known(), null],
    ['paid before its purchase is known: credit', purchase('paid'), 'settle', known(), unaware],
    ['failed before its purchase is known: wait', purchase('error'), 'park purchase_not_known', known(), unaware],
  ]);
});

describe('how far a delivery is trusted (W2)', () => {
  const stale = purchase('paid', { observed_at: at(361).toISOString() });
  const exactly = purchase('paid', { observed_at: at(360).toISOString() });
  const early = purchase('paid', { updated_on: at(121).toISOString() });
  holds(deposit, [
    ['older than five minutes: read', stale, 'read stale_snapshot'],
    ['five minutes are not too old', exactly, 'settle'],
    ['old by its snapshot, but signed with its send time: no replay', { ...stale, scheme: 'timestamped' }, 'settle'],
    ['ahead of us, whoever signed it: read', { ...early, scheme: 'timestamped' }, 'read snapshot_from_the_future'],
    ['stale, and plainly signed: read', { ...stale, scheme: 'plain' }, 'read stale_snapshot'],
    ['more than a minute ahead: read', early, 'read snapshot_from_the_future'],
    ['a read is of now, however old the object', { ...stale, ...read }, 'settle'],
    [
      'a later read has told as much',
      stale,
      'ignore superseded_by_read',
      known([], { readAt: at(362), readUpdatedOn: at(61), readStatus: 'paid' }),
    ],
    [
      'a read of the same second and status has, too',
      stale,
      'ignore superseded_by_read',
      known([], { readAt: at(362), readUpdatedOn: at(60), readStatus: 'paid' }),
    ],
    [
      'a read of the same second and another status has not',
      stale,
      'read stale_snapshot',
      known([], { readAt: at(362), readUpdatedOn: at(60), readStatus: 'viewed' }),
    ],
    [
      'but one much later has',
      stale,
      'ignore superseded_by_read',
      known([], { readAt: at(422), readUpdatedOn: at(60), readStatus: 'viewed' }),
    ],
    [
      'M7: one that found nothing has not, however late: what was signed as paid is not unsaid by a 404',
      stale,
      'read stale_snapshot',
      known([], { readAt: at(9_999), readStatus: 'absent', absences: 1 }),
    ],
    [
      'but what was read before it still tells as much',
      stale,
      'ignore superseded_by_read',
      known([], { readAt: at(9_999), readUpdatedOn: at(61), readStatus: 'absent', absences: 1 }),
    ],
    [
      'an earlier read has not',
      stale,
      'read stale_snapshot',
      known([], { readAt: at(40), readUpdatedOn: at(40), readStatus: 'viewed' }),
    ],
  ]);
});

describe('withdrawals: only an authenticated word about the executed payout releases a hold (REVIO.md §4)', () => {
  const unaware = { ...withdrawal, objectId: null };
  const late = { ...read, provider_date: at(1201).toISOString() };
  const aged = { ...read, observed_at: at(432_003).toISOString() };
  holds(withdrawal, [
    ['success by a webhook', payout('success'), 'settle'],
    ['success by a read', payout('success', read), 'settle'],
    ['success by the answer', payout('success', answer), 'settle'],
    ['M3: error by a webhook: read', payout('error'), 'read failure_by_webhook'],
    ['M3: error by a read', payout('error', read), 'fail failed payout_failed'],
    ['M3: error by the answer', payout('error', answer), 'fail failed payout_failed'],
    [
      'error by a read that is older than another snapshot',
      payout('error', read),
      'read superseded',
      known([], { lastUpdatedOn: at(61) }),
    ],
    [
      'a webhook’s error that a read has told',
      payout('error'),
      'ignore superseded_by_read',
      known([], { readAt: at(61), readUpdatedOn: at(60), readStatus: 'error' }),
    ],
    ['M3: pending is unknown', payout('pending', read), 'ignore pending'],
    ['pending for five days', payout('pending', aged), 'case pending_too_long'],
    [
      'pending for five days, by a webhook',
      payout('pending', { updated_on: aged.observed_at, observed_at: aged.observed_at }),
      'ignore pending',
    ],
    ['initialized, by a webhook', payout('initialized'), 'ignore not_executed_yet'],
    ['initialized, by the answer', payout('initialized', { ...late, ...answer }), 'ignore not_executed_yet'],
    [
      'initialized while the window is open',
      payout('initialized', { ...read, provider_date: at(1200).toISOString() }),
      'ignore execute_window_open',
    ],
    [
      'initialized without Revio’s own time',
      payout('initialized', { ...read, provider_date: null }),
      'ignore not_executed_yet',
    ],
    [
      'initialized without Revio’s own time, past the window by ours: a human, never a release',
      payout('initialized', { ...read, provider_date: null, observed_at: at(1261).toISOString() }),
      'case unknown_outcome',
    ],
    [
      'initialized without Revio’s own time, while clocks may be apart',
      payout('initialized', { ...read, provider_date: null, observed_at: at(1260).toISOString() }),
      'ignore not_executed_yet',
    ],
    ['initialized past the window', payout('initialized', late), 'fail failed not_executed'],
    [
      'I8: initialized past the window, though it was said to have moved: a human',
      payout('initialized', late),
      'case unknown_outcome',
      known([], { lastStatus: 'pending', lastUpdatedOn: at(60) }),
    ],
    ['an unknown status, by a webhook', payout('dreaming'), 'read unknown_status'],
    ['an unknown status', payout('dreaming', read), 'case unknown_status'],
    ['a stale success: read', payout('success', { observed_at: at(361).toISOString() }), 'read stale_snapshot'],
    [
      'a success from the future: read',
      payout('success', { updated_on: at(121).toISOString() }),
      'read snapshot_from_the_future',
    ],
    ['another amount', payout('success', { amount_minor: '6001' }), 'case amount_mismatch'],
    ['another currency', payout('success', { currency: 'USD' }), 'case currency_mismatch'],
    ['another brand', payout('success', { brand_id: 'theirs' }), 'case foreign_brand'],
    ['success before the intent is known: wait', payout('success'), 'park intent_not_known', known(), unaware],
    ['error before the intent is known: wait', payout('error', read), 'park intent_not_known', known(), unaware],
    ['initialized before the intent is known', payout('initialized'), 'ignore not_submitted', known(), unaware],
    [
      'success of a payout that we never executed',
      payout('success', { object_id: 'payout-2' }),
      'case unsubmitted_payout_moved',
    ],
    [
      'error of a payout that we never executed',
      payout('error', { ...read, object_id: 'payout-2' }),
      'ignore not_its_payout',
    ],
  ]);

  test('not executed is a case while Revio has not confirmed that the window closes', () => {
    const unconfirmed = { ...policy, executeWindowEnforced: false };
    expect(said(decide(withdrawal, payout('initialized', late), known(), unconfirmed))).toBe('case unknown_outcome');
  });
});

describe('withdrawals: after the verdict', () => {
  const settled = known([paidOut('settled')]);
  const failed = known([paidOut('failed')]);
  const returned = known([paidOut('settled'), cameBack(90)]);
  const muchLater = { ...read, observed_at: at(121).toISOString() };
  const executed = (evidence: Observation): Verdict => ({ ...paidOut('settled'), reason: 'executed', evidence });
  const saidPending = known([executed(payout('pending', read))], { lastStatus: 'pending' });
  const saidInitialized = known([executed(payout('initialized', read))], { lastStatus: 'initialized' });
  const saidNothing = known([executed(absent('payout-1'))]);
  const cameBackToPeople = known([executed(payout('pending', read)), cameBack(90)], { lastStatus: 'pending' });
  holds(withdrawal, [
    ['success again', payout('success'), 'ignore already_settled', settled],
    ['an old pending', payout('pending', {}, 50), 'ignore already_settled', settled],
    ['an old error, by a read', payout('error', read, 50), 'ignore already_settled', settled],
    [
      'an old error, by a read that was surely made since: a lie on either side',
      payout('error', { ...read, observed_at: at(121).toISOString() }, 50),
      'case contradicts_settlement',
      settled,
    ],
    [
      'never executed, by a read that was surely made since',
      payout('initialized', { ...read, observed_at: at(121).toISOString() }, 0),
      'case contradicts_settlement',
      settled,
    ],
    [
      'pending of the same second, by a slow answer: read',
      payout('pending', { ...answer, observed_at: at(61).toISOString() }),
      'read contradicts_settlement',
      settled,
    ],
    ['error by a webhook: read', payout('error', {}, 70), 'read error_after_success', settled],
    ['error by the answer: read', payout('error', answer, 70), 'read error_after_success', settled],
    ['error by a read made since: it came back', payout('error', read, 70), 'return', settled],
    ['error by a read made before the verdict: read', payout('error', read, 60), 'read error_after_success', settled],
    ['came back, again', payout('error', read, 100), 'ignore already_settled', returned],
    ['success after it came back', payout('success', read, 100), 'case contradicts_settlement', returned],
    ['pending after success, by a webhook', payout('pending', {}, 70), 'read contradicts_settlement', settled],
    ['pending after success, by a read', payout('pending', read, 70), 'case contradicts_settlement', settled],
    [
      'still pending after two people said it was executed',
      payout('pending', muchLater, 70),
      'ignore settled_by_people',
      saidPending,
    ],
    ['never executed now', payout('initialized', muchLater, 70), 'case contradicts_settlement', saidPending],
    [
      'pending, which Revio has called paid since they said so',
      payout('pending', muchLater, 70),
      'case contradicts_settlement',
      known([executed(payout('pending', read))], { lastStatus: 'success' }),
    ],
    [
      'pending, which Revio called paid as they said so',
      payout('pending', muchLater, 70),
      'case contradicts_settlement',
      known([executed(payout('success', read))]),
    ],
    [
      'still not executed, says Revio',
      payout('initialized', muchLater, 70),
      'ignore settled_by_people',
      saidInitialized,
    ],
    ['pending since they said so', payout('pending', muchLater, 70), 'ignore settled_by_people', saidInitialized],
    ['not shown then, and pending now', payout('pending', muchLater, 70), 'ignore settled_by_people', saidNothing],
    [
      'not shown then, and never executed: the user was not paid',
      payout('initialized', muchLater, 70),
      'case contradicts_settlement',
      saidNothing,
    ],
    ['an error after two people said so: it came back', payout('error', read, 70), 'return', saidPending],
    ['still pending after it came back', payout('pending', read, 100), 'case contradicts_settlement', cameBackToPeople],
    ['error again', payout('error', read), 'ignore already_failed', failed],
    ['initialized after not executed', payout('initialized', read), 'ignore already_failed', failed],
    ['a success from before the failure', payout('success', {}, 50), 'ignore superseded', failed],
    [
      'the same, by a read that was surely made since',
      payout('success', { ...read, observed_at: at(121).toISOString() }, 50),
      'case paid_after_release',
      failed,
    ],
    ['success after release, by a webhook: read first', payout('success', {}, 70), 'read paid_after_release', failed],
    [
      'success after release: alarm, never a second debit',
      payout('success', read, 70),
      'case paid_after_release',
      failed,
    ],
    ['moving after release', payout('pending', read, 70), 'case moving_after_release', failed],
    [
      'success of the same second, read before the verdict',
      payout('success', read, 60),
      'read paid_after_release',
      failed,
    ],
  ]);
});

describe('refunds and chargebacks (M7)', () => {
  const paid = known([credited()]);
  const stale = refund({ observed_at: at(421).toISOString() });
  holds(deposit, [
    ['a refund', refund(), 'reverse refund 5000', paid],
    ['all of it', refund({ amount_minor: '15000' }), 'reverse refund 15000', paid],
    [
      'a chargeback',
      refund({ payment_type: 'chargeback', event_type: 'payment.charged_back' }),
      'reverse chargeback 5000',
      paid,
    ],
    [
      'without a reference and a purchase: the known one',
      refund({ reference: '', purchase_id: null }),
      'reverse refund 5000',
      paid,
    ],
    ['M6: the same again', refund(), 'ignore already_reversed', known([credited(), reversed('refund-1', 5_000n)])],
    [
      'a second refund',
      refund({ object_id: 'refund-2' }),
      'reverse refund 5000',
      known([credited(), reversed('refund-1', 5_000n)]),
    ],
    [
      'more than is left',
      refund({ amount_minor: '10001' }),
      'case reversal_exceeds_credit',
      known([credited(), reversed('refund-0', 5_000n)]),
    ],
    ['more than was paid', refund({ amount_minor: '15001' }), 'case reversal_exceeds_credit', paid],
    ['nothing', refund({ amount_minor: '0' }), 'case amount_mismatch', paid],
    ['another currency', refund({ currency: 'USD' }), 'case currency_mismatch', paid],
    ['before the credit: wait, and read the purchase', refund(), 'read reversal_before_credit'],
    [
      'of another purchase than was credited',
      refund({ purchase_id: 'purchase-2' }),
      'read reversal_before_credit',
      paid,
    ],
    ['pending', refund({ status: 'pending' }), 'ignore reversal_pending', paid],
    ['failed', refund({ status: 'error' }), 'ignore reversal_failed', paid],
    ['an unknown status', refund({ status: 'dreaming' }), 'case unknown_status', paid],
    ['incoming', refund({ is_outgoing: false }), 'case reversal_not_outgoing', paid],
    [
      'a chargeback that was reversed',
      refund({ payment_type: 'chargeback', event_type: 'payment.chargeback_reversed' }),
      'case chargeback_reversed',
      paid,
    ],
    [
      'a kind of payment that nobody knows',
      refund({ payment_type: 'gift', event_type: null }),
      'case unknown_payment',
      paid,
    ],
    [
      'the payment of the purchase itself',
      refund({ payment_type: 'purchase', event_type: null }),
      'ignore not_a_reversal',
      paid,
    ],
    ['another brand', refund({ brand_id: 'theirs' }), 'case foreign_brand', paid],
    ['W2: stale: read the purchase', stale, 'read stale_snapshot', paid],
    [
      'W2: stale, and the purchase shows it',
      stale,
      'reverse refund 5000',
      known([credited()], { readStatus: 'refunded', readUpdatedOn: at(120), readAt: at(430) }),
    ],
    [
      'W2: stale, and the purchase does not show it',
      stale,
      'case reversal_unconfirmed',
      known([credited()], { readStatus: 'paid', readUpdatedOn: at(60), readAt: at(482) }),
    ],
  ]);
});

describe('a read that finds nothing is no proof the first time', () => {
  holds(withdrawal, [
    ['once: read again', absent('payout-1'), 'read absent'],
    ['twice: read again', absent('payout-1'), 'read absent', known([], { absences: 1 })],
    ['three times in a row: a case', absent('payout-1'), 'case object_absent', known([], { absences: 2 })],
  ]);
});

describe('W7: what waited for too long', () => {
  const waiting = { kind: 'park', reason: 'why' } as const;
  test.each([
    ['of nobody: a case', null, purchase('created'), 'case unmatched_object'],
    ['a purchase with money: a case', deposit, purchase('paid'), 'case why'],
    ['a purchase without: let go', deposit, purchase('error'), 'ignore why'],
    ['a payout that moves: a case', withdrawal, payout('pending'), 'case why'],
    ['a payout that does not: let go', withdrawal, payout('error'), 'ignore why'],
    ['a refund: a case', deposit, refund(), 'case why'],
  ] as const)('%s', (_rule, expected, observed, then) => {
    expect(said(giveUp(waiting, expected, observed))).toBe(then);
  });

  test('what can be decided after all is decided', () => {
    expect(giveUp({ kind: 'settle' }, deposit, purchase('paid'))).toEqual({ kind: 'settle' });
  });
});
