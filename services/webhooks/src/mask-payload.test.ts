import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { maskPayload } from './mask-payload.ts';

const sample = (name: string) =>
  readFileSync(`${import.meta.dirname}/../../../libs/revio/samples/${name}.json`, 'utf8');

test('W5: support sees ids, statuses and sums, and nobody’s name, card, address or account', () => {
  for (const name of [
    '05-webhook-purchase.paid-after-failure',
    '10-webhook-payout.success',
    '06-webhook-payment.refunded',
  ]) {
    expect(JSON.stringify(maskPayload(sample(name)))).not.toMatch(/thandi|mokoena|@|\+27|4444|62000000001|203\.0|T M/i);
  }
  expect(maskPayload(sample('10-webhook-payout.success'))).toMatchObject({
    id: 'c1e7a9d4-3f28-4b6e-8d15-72a0b5c9e346',
    status: 'success',
    client: { email: '***', bank_account: '***', bank_code: '***', city: '' },
    payment: { amount: 10000, currency: 'ZAR' },
  });
});

test('W5: what is named like something shown but holds a person’s data in it is masked inside', () => {
  expect(maskPayload('{"status":{"name":"T"},"id":["1",{"iban":"X"}]}')).toEqual({
    status: { name: '***' },
    id: ['***', { iban: '***' }],
  });
});

test('W5: junk is not shown at all', () => {
  expect(maskPayload('not json')).toBe('***');
});
