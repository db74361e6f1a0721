import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readEvent } from './read-event.ts';

const sample = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(`${import.meta.dirname}/../../../libs/revio/samples/${name}.json`, 'utf8'));
const paid = sample('05-webhook-purchase.paid-after-failure');
const at = new Date('2026-01-01T08:02:23.000Z');
const read = (body: unknown) =>
  readEvent(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), at, 'plain');

test('R1: an event of a known object is an observation, as of its receipt', () => {
  expect(read(paid)).toMatchObject({
    eventType: 'purchase.paid',
    objectType: 'purchase',
    objectId: '2b9f6c1e-5d0a-4c3f-9a7e-0c4d8e61f7b2',
    observation: {
      source: 'webhook',
      observed_at: '2026-01-01T08:02:23.000Z',
      status: 'paid',
      provider_date: null,
      scheme: 'plain',
    },
    reason: null,
  });
});

test('W7: both spellings of a failed payment are known', () => {
  for (const event_type of ['purchase.payment_failure', 'purchase.payment_failed'])
    expect(read({ ...paid, event_type })).toMatchObject({ reason: null });
});

test('W7: an unknown event type tells nothing, even about an object that could be read', () => {
  expect(read({ ...paid, event_type: 'purchase.praised' })).toMatchObject({
    observation: null,
    reason: 'unknown_event_type',
  });
});

test.each([
  ['of a kind that is not observed', { ...paid, type: 'billing_template_client' }],
  ['whose amount is a text', { ...paid, payment: { ...(paid['payment'] as object), amount: '15000' } }],
])('W7: an object %s is an event with nothing to tell', (_case, body) => {
  expect(read(body)).toMatchObject({ observation: null, reason: 'unreadable_object' });
});

test.each([
  ['no JSON', 'hello'],
  ['nothing', ''],
  ['a list', [paid]],
  ['null', 'null'],
  ['an object without an event', { ...paid, event_type: undefined }],
  ['an object without an id', { ...paid, id: undefined }],
  ['an id that could leave its place', { ...paid, id: "1'; DROP TABLE webhook_logs" }],
  ['an event name with a NUL, which PostgreSQL cannot store', { ...paid, event_type: 'purchase.\u0000' }],
  ['two amounts', JSON.stringify(paid).replace('"amount":15000', '"amount":1,"amount":15000')],
])('W1 M8: %s is no event', (_case, body) => {
  expect(read(body)).toBeUndefined();
});
