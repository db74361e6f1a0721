import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { observation } from '#libs/contracts';
import { NotRevioObject, observe, observeAbsence, parseStrictJson } from './index.ts';

const folder = `${import.meta.dirname}/samples`;
const sample = (start: string): Record<string, unknown> => {
  const name = readdirSync(folder).find((file) => file.startsWith(start));
  return parseStrictJson(readFileSync(`${folder}/${name}`)) as Record<string, unknown>;
};

const seen = { source: 'webhook', observedAt: new Date('2026-01-01T08:00:00.123Z'), providerDate: null } as const;

test.each(['02', '03', '04', '05', '06', '08', '10', '11'])(
  'R1: sample %s is an observation of the contract',
  (start) => {
    const observed = observe(sample(start), seen);
    expect(observation.parse(observed)).toEqual(observed);
  },
);

test('R1 M7: a purchase that was paid after a failure keeps what was paid and each status it ever had', () => {
  expect(observe(sample('05'), seen)).toEqual({
    object_type: 'purchase',
    source: 'webhook',
    observed_at: '2026-01-01T08:00:00.123Z',
    provider_date: null,
    object_id: '2b9f6c1e-5d0a-4c3f-9a7e-0c4d8e61f7b2',
    reference: 'dep_01KDWALLET0001',
    status: 'paid',
    created_on: '2026-01-01T08:00:00.000Z',
    updated_on: '2026-01-01T08:02:22.000Z',
    is_test: true,
    brand_id: '6d3c2b58-0f1e-4a7a-9b6b-1f0a4c7e2d11',
    status_history: ['created', 'viewed', 'pending_execute', 'error', 'paid'],
    marked_as_paid: false,
    currency_converted: false,
    total_minor: '15000',
    total_currency: 'ZAR',
    refundable_minor: '15000',
    payment: { is_outgoing: false, amount_minor: '15000', fee_minor: '435', currency: 'ZAR' },
  });
});

test('R1 M7: a refund names its purchase and carries that one’s reference, since its own is empty', () => {
  expect(observe(sample('06'), seen)).toMatchObject({
    object_type: 'payment',
    object_id: 'f08b5a37-91c2-4de6-b3a4-5c7d1e9f2a60',
    purchase_id: '2b9f6c1e-5d0a-4c3f-9a7e-0c4d8e61f7b2',
    reference: 'dep_01KDWALLET0001',
    payment_type: 'refund',
    event_type: 'payment.refunded',
    is_outgoing: true,
    amount_minor: '5000',
    currency: 'ZAR',
  });
});

test('R1: an answer carries the provider’s own clock', () => {
  const providerDate = new Date('2026-01-03T15:33:20.000Z');
  expect(observe(sample('08'), { ...seen, source: 'answer', providerDate })).toMatchObject({
    object_type: 'payout',
    source: 'answer',
    provider_date: '2026-01-03T15:33:20.000Z',
    status: 'initialized',
    amount_minor: '10000',
  });
});

test('A8: nothing personal is carried over', () => {
  for (const start of ['02', '03', '04', '05', '06', '08', '10', '11']) {
    expect(JSON.stringify(observe(sample(start), seen))).not.toMatch(/thandi|mokoena|620000|@|4444|203\.0|payform/i);
  }
});

test('M1: a payer with a thousand failed attempts behind them is still seen to have paid', () => {
  const paid = sample('05');
  const failed = { status: 'error', timestamp: 1767254461 };
  const history = [...Array(1000).fill(failed), { status: 'paid', timestamp: 1767254542 }];
  expect(observe({ ...paid, status_history: history }, seen)).toMatchObject({ status_history: ['error', 'paid'] });
});

test('W7: a status and a field that nobody knows yet are no obstacle', () => {
  const observed = observe({ ...sample('10'), status: 'returned_by_bank', colour: 'blue' }, seen);
  expect(observed).toMatchObject({ status: 'returned_by_bank' });
  expect(observed).not.toHaveProperty('colour');
});

const { currency_conversion: _conversion, ...withoutConversion } = sample('05');
const { marked_as_paid: _marked, ...withoutMark } = sample('05');
const paidWith = (change: object) => ({
  ...sample('05'),
  payment: { ...(sample('05')['payment'] as object), ...change },
});

test.each([
  ['nothing', null],
  ['an array', []],
  ['an unknown type', { ...sample('05'), type: 'subscription' }],
  ['an amount as a string', paidWith({ amount: '15000' })],
  ['a fraction of a cent', paidWith({ amount: 150.5 })],
  ['an amount beyond 2^53', paidWith({ amount: 2 ** 53 })],
  ['is_outgoing as a word', paidWith({ is_outgoing: 'false' })],
  ['no word on a conversion', withoutConversion],
  ['no word on being marked as paid', withoutMark],
  ['an id that is none', { ...sample('05'), id: '../payouts' }],
  ['a reference that no database can store', { ...sample('05'), reference: 'dep_\u0000' }],
  ['half a surrogate pair', { ...sample('05'), status: 'paid\uD800' }],
  ['a time in milliseconds', { ...sample('05'), updated_on: 1767254542000 * 1000 }],
])('M8: %s is no Revio object', (_case, raw) => {
  expect(() => observe(raw, seen)).toThrow(NotRevioObject);
});

test('A8: the error names the fields and not their values', () => {
  expect(() => observe(paidWith({ amount: 'secret' }), seen)).toThrow(/^not a Revio object: payment\.amount$/);
});

test('R1: absence is an observation', () => {
  const absent = observeAbsence('c1e7a9d4', { ...seen, source: 'read' });
  expect(observation.parse(absent)).toEqual({
    object_type: 'absent',
    object_id: 'c1e7a9d4',
    source: 'read',
    observed_at: '2026-01-01T08:00:00.123Z',
    provider_date: null,
  });
});
