import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '#libs/testing';
import { readBooks } from './books.ts';

let payments: FreshDatabase;
let gateway: FreshDatabase;
beforeAll(async () => {
  [payments, gateway] = await Promise.all([freshDatabase('payments'), freshDatabase('gateway')]);
});
afterAll(() => Promise.all([payments?.close(), gateway?.close()]));

test('the books of a service that nobody has used are empty', async () => {
  expect(await readBooks({ payments: payments.ownerUrl, gateway: gateway.ownerUrl }, [])).toMatchObject({
    operations: [],
  });
});

test('R5: a database without the views of its service is an error, not empty books', async () => {
  await expect(readBooks({ payments: gateway.ownerUrl }, [])).rejects.toThrow('audit.operations, audit.outbox');
});

test('R5: views that the role may not read are an error too', async () => {
  await expect(readBooks({ payments: payments.url }, [])).rejects.toThrow('shows no audit');
});

test('R5: a database of an unknown service is an error', async () => {
  await expect(readBooks({ ledger: payments.ownerUrl }, [])).rejects.toThrow('ledger');
});
