import { expect, test } from 'vitest';
import { ContractError, envelope, eventTypes, listensTo, parseEnvelope, serviceNames } from './index.ts';

const made = { id: '7b8a2c1e-5d0a-4c3f-9a7e-0c4d8e61f7b2', time: new Date('2026-01-01T08:00:00.000Z') };
const requested = {
  transaction_id: 'dep_01KDWA11ET0000000000000001',
  user_id: '2b9f6c1e-5d0a-4c3f-9a7e-0c4d8e61f7b2',
  currency: 'ZAR',
  amount_minor: '15000',
  requested_at: '2026-01-01T08:00:00.000Z',
} as const;

test('an envelope reads back as it was written, with the transaction as its correlation', () => {
  const written = envelope('payments', 'payments.deposit-requested.v1', requested, made);
  expect(written.correlationid).toBe(requested.transaction_id);
  expect(parseEnvelope(JSON.stringify(written))).toEqual(written);
});

test('a field that a newer publisher adds is dropped, not refused', () => {
  const written = envelope('payments', 'payments.deposit-requested.v1', requested, made);
  const newer = { ...written, data: { ...requested, colour: 'blue' }, extension: 1 };
  expect(parseEnvelope(JSON.stringify(newer))).toEqual(written);
});

test.each([
  ['no JSON', '{'],
  ['no envelope', '{}'],
  ['not UTF-8', Uint8Array.of(0xff, 0xfe)],
  [
    'an unknown type',
    JSON.stringify({ ...envelope('payments', 'payments.deposit-requested.v1', requested, made), type: 'a.b.v1' }),
  ],
  [
    'an amount that is a number',
    JSON.stringify({
      ...envelope('payments', 'payments.deposit-requested.v1', requested, made),
      data: { ...requested, amount_minor: 15000 },
    }),
  ],
])('F7: %s is a contract error', (_name, raw) => {
  expect(() => parseEnvelope(raw)).toThrow(ContractError);
});

test('a contract error names the place, never the value', () => {
  expect(() =>
    // biome-ignore lint/suspicious/noExplicitAny: the compiler refuses this too; the test shows that the run time does
    envelope('payments', 'payments.deposit-requested.v1', { ...requested, user_id: 'secret-person' } as any, made),
  ).toThrow(/^payments\.deposit-requested\.v1: user_id invalid_format$/);
});

test('every event is named by its owner, ends in a version, and is heard by services that exist', () => {
  for (const type of eventTypes) expect(type).toMatch(new RegExp(`^(${serviceNames.join('|')})\\.[a-z-]+\\.v[0-9]+$`));
  for (const service of serviceNames) for (const type of listensTo(service)) expect(eventTypes).toContain(type);
});
