import type { Observation } from '#libs/contracts';
import type { Known, Policy } from '../../services/reconciler/src/decision.ts';
import type { Expected } from '../../services/reconciler/src/subject.ts';
import * as is from './decision-samples.ts';

export interface Column {
  title: string;
  expected: Expected | null;
  known: Known;
}

export interface Row {
  title: string;
  observed: Observation;
  /** Where it is about what was seen before, or about a setting. */
  known?: (known: Known) => Known;
  policy?: Partial<Policy>;
}

export interface Table {
  title: string;
  text: string;
  columns: readonly Column[];
  rows: readonly Row[];
}

type Source = 'webhook' | 'read';

/** REVIO.md §3, in its order. */
const purchaseStatuses =
  'created sent viewed error cancelled overdue expired blocked hold released pending_release pending_capture preauthorized paid pending_execute pending_charge cleared settled chargeback pending_refund refunded'.split(
    ' ',
  );

const ofDeposit = (title: string, known: Known): Column => ({ title, expected: is.deposit, known });
const ofWithdrawal = (title: string, known: Known, expected = is.withdrawal): Column => ({ title, expected, known });
const nothing: Column = { title: 'nothing is expected', expected: null, known: is.known([]) };

const depositColumns = [
  nothing,
  ofDeposit('pending', is.known([])),
  ofDeposit('shown as failed', is.known([is.endedAs('failed')])),
  ofDeposit('shown as expired', is.known([is.endedAs('expired')])),
  ofDeposit('shown as cancelled', is.known([is.endedAs('cancelled')])),
  ofDeposit('credited', is.known([is.credited])),
  ofDeposit('credited, 50.00 of it reversed', is.known([is.credited, is.reversed('refund-0', 5_000n)])),
];

const payoutColumns = [
  nothing,
  ofWithdrawal('requested, not executed', is.known([]), { ...is.withdrawal, objectId: null, executeSentAt: null }),
  ofWithdrawal('processing', is.known([])),
  ofWithdrawal('paid out', is.known([is.paidOut])),
  ofWithdrawal('unexecuted, called executed by two people', is.known([is.calledExecuted('initialized')])),
  ofWithdrawal('pending, called executed by two people', is.known([is.calledExecuted('pending')])),
  ofWithdrawal('paid out, and came back', is.known([is.paidOut, is.cameBack])),
  ofWithdrawal('released to the user', is.known([is.released])),
];

function purchaseRows(source: Source): Row[] {
  const of = (title: string, status: string, changed: object, more: Omit<Row, 'title' | 'observed'> = {}): Row => ({
    title,
    observed: { ...is.purchase(status, source), ...changed },
    ...more,
  });
  const paying = (changed: object) => ({ payment: { ...is.money, ...changed } });
  const isRead = source === 'read';
  return [
    ...purchaseStatuses.map((status) => of(`\`${status}\``, status, {})),
    of('a word nobody knows', 'dreaming', {}),
    of('a word nobody knows, with a payment', 'dreaming', paying({})),
    of('`error`, with `paid` in its history', 'error', { ...paying({}), status_history: ['paid', 'error'] }),
    of('`refunded`, and its Payment waits', 'refunded', {}, { known: (known) => ({ ...known, reversalWaits: true }) }),
    ...(isRead
      ? [
          of('`refunded` for two hours', 'refunded', is.longAgo),
          of('`refunded` for two hours, 70.00 can still go back', 'refunded', {
            ...is.longAgo,
            refundable_minor: '7000',
          }),
          of('`refunded` for two hours, 100.00 can still go back', 'refunded', {
            ...is.longAgo,
            refundable_minor: '10000',
          }),
          of('`created`, a week past its due time', 'created', is.afterAWeek),
        ]
      : [
          of('`paid`, older than 5 minutes (W2)', 'paid', is.stale),
          of('`paid`, older than 5 minutes, by a signed relay', 'paid', { ...is.stale, scheme: 'timestamped' }),
          of('`paid`, from the future', 'paid', is.ahead),
        ]),
    of('`paid`, marked as paid by hand', 'paid', { marked_as_paid: true }),
    of('`paid`, another amount', 'paid', paying({ amount_minor: '14999' })),
    of('`paid`, another currency', 'paid', paying({ currency: 'USD' })),
    of('`paid`, converted', 'paid', { currency_converted: true }),
    of('`paid`, an outgoing payment', 'paid', paying({ is_outgoing: true })),
    of('`paid`, without a payment', 'paid', { payment: null }),
    of('`paid`, another brand', 'paid', { brand_id: 'theirs' }),
    of('`paid`, a test', 'paid', { is_test: true }),
    of('`paid`, somebody else’s reference', 'paid', { reference: 'order 7' }),
    of('a second purchase of the deposit: `paid`', 'paid', { object_id: 'purchase-2' }),
    of('a second purchase of the deposit: `error`', 'error', { object_id: 'purchase-2' }),
  ];
}

function payoutRows(source: Source): Row[] {
  const of = (title: string, status: string, changed: object, more: Omit<Row, 'title' | 'observed'> = {}): Row => ({
    title,
    observed: { ...is.payout(status, source), ...changed },
    ...more,
  });
  const moved = (known: Known): Known => ({ ...known, object: { ...known.object, lastStatus: 'pending' } });
  const enforced = { executeWindowEnforced: true };
  return [
    ...['initialized', 'pending', 'error', 'success'].map((status) => of(`\`${status}\``, status, {})),
    of('a word nobody knows', 'dreaming', {}),
    ...(source === 'read'
      ? [
          of('`initialized`, within 20 minutes', 'initialized', is.withinTheWindow),
          of('`initialized`, Revio confirmed to keep its window', 'initialized', {}, { policy: enforced }),
          of('the same, though it was said to have moved', 'initialized', {}, { policy: enforced, known: moved }),
          of('the same, without a Date of Revio’s', 'initialized', is.undated, { policy: enforced }),
          of('`pending`, for six days', 'pending', is.afterFiveDays),
          of('`error`, by a snapshot of before', 'error', is.longAgo),
        ]
      : [
          of('`success`, older than 5 minutes (W2)', 'success', is.stale),
          of('`success`, of before what was decided', 'success', { ...is.longAgo, scheme: 'timestamped' }),
          of('`error`, of before what was decided', 'error', { ...is.longAgo, scheme: 'timestamped' }),
        ]),
    of('`success`, another amount', 'success', { amount_minor: '6001' }),
    of('`success`, another currency', 'success', { currency: 'USD' }),
    of('`success`, another brand', 'success', { brand_id: 'theirs' }),
    of('`success`, a test', 'success', { is_test: true }),
    of('another payout of the withdrawal: `success`', 'success', { object_id: 'payout-2' }),
    of('another payout of the withdrawal: `error`', 'error', { object_id: 'payout-2' }),
  ];
}

const paymentRow = (title: string, changed: Parameters<typeof is.refund>[0], more: Partial<Row> = {}): Row => ({
  title,
  observed: is.refund(changed),
  ...more,
});
const paymentRows: Row[] = [
  paymentRow('a refund of 50.00', {}),
  paymentRow('a refund of all 150.00', { amount_minor: '15000' }),
  paymentRow('a refund of 150.01', { amount_minor: '15001' }),
  paymentRow('the refund that was reversed already', { object_id: 'refund-0' }),
  paymentRow('a chargeback of 50.00', { payment_type: 'chargeback', event_type: 'payment.charged_back' }),
  paymentRow('a chargeback that is reversed', {
    payment_type: 'chargeback',
    event_type: 'payment.chargeback_reversed',
  }),
  paymentRow('a refund, `pending`', { status: 'pending' }),
  paymentRow('a refund, `error`', { status: 'error' }),
  paymentRow('a refund, a status nobody knows', { status: 'dreaming' }),
  paymentRow('a refund of another currency', { currency: 'USD' }),
  paymentRow('a refund of nothing', { amount_minor: '0' }),
  paymentRow('a refund that comes in', { is_outgoing: false }),
  paymentRow('a refund of another purchase', { purchase_id: 'purchase-2' }),
  paymentRow('a refund, another brand', { brand_id: 'theirs' }),
  paymentRow('a refund, a test', { is_test: true }),
  paymentRow('the payment of the purchase itself', { payment_type: 'purchase', event_type: null }),
  paymentRow('a kind nobody knows', { payment_type: 'gift', event_type: null }),
  paymentRow('a refund, older than 5 minutes (W2)', is.stale),
];

const absentRows: Row[] = [1, 2, 3].map((nth) => ({
  title: `the ${['first', 'second', 'third'][nth - 1]} read in a row that finds nothing`,
  observed: is.absent,
  known: (known) => ({ ...known, object: { ...known.object, absences: nth - 1 } }),
}));

const mixedUp: Row[] = [
  { title: 'a payout with a deposit’s reference', observed: is.payout('success', 'read') },
  { title: 'a purchase with a withdrawal’s reference', observed: is.purchase('paid', 'read') },
];

export const tables: readonly Table[] = [
  {
    title: 'A purchase, by a webhook',
    text: 'A delivery that is signed, of now, and about a deposit of 150.00.',
    columns: depositColumns,
    rows: purchaseRows('webhook'),
  },
  {
    title: 'A purchase, by a read',
    text: 'What Revio answers when it is asked; made long enough after what was decided that nothing slow can look new.',
    columns: depositColumns,
    rows: purchaseRows('read'),
  },
  {
    title: 'A refund or a chargeback',
    text: 'A Payment of its own that names the purchase. There is no way to read one.',
    columns: depositColumns,
    rows: paymentRows,
  },
  {
    title: 'A payout, by a webhook',
    text: 'Of a withdrawal of 60.00.',
    columns: payoutColumns,
    rows: payoutRows('webhook'),
  },
  {
    title: 'A payout, by a read',
    text: 'Only this, or the authenticated answer to our own call, ever gives a hold back.',
    columns: payoutColumns,
    rows: payoutRows('read'),
  },
  {
    title: 'Nothing at all',
    text: 'Revio answers 404.',
    columns: [nothing, ofDeposit('a deposit', is.known([])), ofWithdrawal('a withdrawal', is.known([]))],
    rows: absentRows,
  },
  {
    title: 'The wrong kind',
    text: 'A mix-up at Revio or of ours.',
    columns: [ofDeposit('a deposit', is.known([])), ofWithdrawal('a withdrawal', is.known([]))],
    rows: mixedUp,
  },
];
