import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '#libs/testing';
import { readBooks } from './books.ts';
import { booksNamedBy, readRunningBooks } from './running-books.ts';

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
  await expect(readBooks({ payments: gateway.ownerUrl }, [])).rejects.toThrow('shows no audit.operations');
});

test('R5: views that the role may not read are an error too', async () => {
  await expect(readBooks({ payments: payments.url }, [])).rejects.toThrow('shows no audit');
});

test('R5: a database of an unknown service is an error', async () => {
  await expect(readBooks({ ledger: payments.ownerUrl }, [])).rejects.toThrow('ledger');
});

test('R5: the books of a system elsewhere are those that the variables name, with or without Revio’s', async () => {
  const names = ['GATEWAY', 'WALLET', 'PAYMENTS', 'WEBHOOKS', 'RECONCILER'].map((name) => `AUDIT_${name}_URL`);
  const named = booksNamedBy(Object.fromEntries(names.map((name) => [name, payments.ownerUrl])));
  expect(Object.keys(named.databases)).toEqual(['gateway', 'wallet', 'payments', 'webhooks', 'reconciler']);
  const databases = { payments: named.databases['payments'] ?? '', gateway: gateway.ownerUrl };
  expect(await readRunningBooks({ ...named, databases })).toMatchObject({ operations: [], provider: [] });
  expect(() => booksNamedBy({ AUDIT_WALLET_URL: payments.ownerUrl })).toThrow('AUDIT_PAYMENTS_URL: is not set');
});
