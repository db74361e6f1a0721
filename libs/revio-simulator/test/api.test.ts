import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startWorld } from './world.ts';

/** The captured objects, as libs/revio keeps them for its own tests. */
function sample(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(`${import.meta.dirname}/../../revio/samples/${name}`, 'utf8'));
}

/** Every field name in an object, nested ones with their path; what is inside lists and free-form maps does not count. */
function fieldsOf(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path];
  if (path.endsWith('metadata') || path.endsWith('extra')) return [path];
  return Object.entries(value).flatMap(([name, inner]) => fieldsOf(inner, `${path}/${name}`));
}

test('objects carry every field of the captured ones', async () => {
  const { client, control, receiver } = await startWorld();
  const created = await client.call('POST', '/purchases/', client.purchase('dep_1'));
  expect(fieldsOf(created.body)).toEqual(
    expect.arrayContaining(fieldsOf(sample('02-purchase-create-response-201.json'))),
  );
  control.decline({ reference: 'dep_1' });
  control.pay({ reference: 'dep_1' });
  control.refund({ reference: 'dep_1', amount: 5000 });
  const payout = await client.call('POST', '/payouts/', client.payout('wd_1'));
  expect(fieldsOf(payout.body)).toEqual(expect.arrayContaining(fieldsOf(sample('08-payout-create-response-201.json'))));
  await control.settled();
  const hook = (event: string) => receiver.received.find((one) => one.event === event)?.object;
  expect(fieldsOf(hook('purchase.paid'))).toEqual(
    expect.arrayContaining(fieldsOf(sample('05-webhook-purchase.paid-after-failure.json'))),
  );
  expect(fieldsOf(hook('payment.refunded'))).toEqual(
    expect.arrayContaining(fieldsOf(sample('06-webhook-payment.refunded.json'))),
  );
  expect(hook('purchase.paid')).toMatchObject({
    status: 'paid',
    payment: { amount: 15000, net_amount: 14565, fee_amount: 435, is_outgoing: false },
    transaction_data: { attempts: [{ successful: true }, { successful: false }] },
  });
});

test('no key, a wrong key → 401; a path without its last slash → 404; another brand → 400', async () => {
  const { client, simulator } = await startWorld();
  const wrong = await client.call('GET', '/public_key/', undefined, 'wrong');
  expect(wrong).toMatchObject({ status: 401, body: { __all__: { code: 'invalid_token' } } });
  expect((await client.call('GET', '/public_key')).status).toBe(404);
  const right = await client.call('GET', '/public_key/');
  expect(JSON.parse(right.text)).toBe(simulator.companyPublicKeyPem);
  expect(Date.parse(right.headers.get('date') ?? '')).toBeGreaterThan(0);
  const stranger = await client.call('POST', '/payouts/', { ...client.payout('wd_1'), brand_id: 'other' });
  expect(stranger).toMatchObject({ status: 400, body: { brand_id: [{ code: 'does_not_exist' }] } });
});

test('F1: amounts that are no positive integer → 400 with a list per field, and nothing exists', async () => {
  const { client, simulator } = await startWorld();
  for (const amount of [0, -1, 1.5, '100', 2 ** 53]) {
    const body = { ...client.payout('wd_1'), payment: { amount, currency: 'ZAR' } };
    const reply = await client.call('POST', '/payouts/', body);
    expect(reply).toMatchObject({ status: 400, body: { 'payment.amount': [{ code: 'invalid' }] } });
  }
  const missing = await client.call('POST', '/purchases/', { ...client.purchase('dep_1'), client: {} });
  expect(missing).toMatchObject({ status: 400, body: { 'client.email': [{ code: 'required' }] } });
  expect(simulator.truth()).toEqual([]);
});

test('two payouts with one reference both exist, and executing one twice moves money once', async () => {
  const { client, control, simulator } = await startWorld();
  const first = await client.createPayout('wd_1');
  const second = await client.createPayout('wd_1');
  expect(first.id).not.toBe(second.id);
  expect((await client.execute(second.execution_url)).body).toEqual({ status: 'pending' });
  expect((await client.execute(second.execution_url)).status).toBe(400);
  control.payoutSucceed({ reference: 'wd_1' });
  expect((await client.execute(second.execution_url)).status).toBe(400);
  expect(simulator.truth().map(({ object_id, status }) => [object_id, status])).toEqual([
    [first.id, 'initialized'],
    [second.id, 'success'],
  ]);
  expect(control.requests().counts['POST /po/{id}/bank/']).toBe(3);
});

test('an execution after the window → 400, no money moved, and the truth says expired', async () => {
  const { client, control, simulator } = await startWorld({ executeWindowMs: 15 * 60_000 });
  const { id, execution_url } = await client.createPayout('wd_1');
  await control.advance({ ms: 15 * 60_000 });
  expect(await client.execute(execution_url)).toMatchObject({
    status: 400,
    body: { __all__: [{ code: 'payout_execution_expired' }] },
  });
  expect((await client.call('GET', `/payouts/${id}/`)).body).toMatchObject({ status: 'initialized' });
  expect(simulator.truth()).toMatchObject([{ status: 'expired' }]);
});

test('account …0000 is refused by the bank later, …9999 at once; others succeed; a return comes after success', async () => {
  const { client, control, simulator } = await startWorld({ payoutSettleMs: 2000 });
  const [later, atOnce, good] = await Promise.all(['wd_1', 'wd_2', 'wd_3'].map((name) => client.createPayout(name)));
  expect(await client.execute(later?.execution_url ?? '', '62000000000')).toMatchObject({ status: 200 });
  expect(await client.execute(atOnce?.execution_url ?? '', '62000009999')).toMatchObject({
    status: 400,
    body: { status: 'error', error: { code: 'general_transaction_error' } },
  });
  expect(await client.execute(good?.execution_url ?? '')).toMatchObject({ status: 200, body: { status: 'pending' } });
  await control.advance({ ms: 2000 });
  const statuses = () => Object.fromEntries(simulator.truth().map(({ reference, status }) => [reference, status]));
  expect(statuses()).toEqual({ wd_1: 'failed', wd_2: 'error', wd_3: 'success' });
  control.payoutReturn({ reference: 'wd_3' });
  expect(statuses()).toMatchObject({ wd_3: 'reversed' });
});

test('a cancelled purchase cannot be paid, and one that is paid cannot be cancelled', async () => {
  const { client, control, simulator } = await startWorld();
  const gone = await client.createPurchase('dep_1');
  const paid = await client.createPurchase('dep_2');
  expect((await client.call('POST', `/purchases/${gone.id}/cancel/`)).body).toMatchObject({ status: 'cancelled' });
  expect(() => control.pay({ id: gone.id })).toThrow('cancelled');
  control.pay({ id: paid.id });
  expect((await client.call('POST', `/purchases/${paid.id}/cancel/`)).status).toBe(409);
  expect(simulator.truth().map(({ status }) => status)).toEqual(['cancelled', 'paid']);
});

test('refunds end at what was paid; a chargeback takes the rest; each is a row of its own', async () => {
  const { client, control, simulator } = await startWorld();
  const { id } = await client.createPurchase('dep_1');
  control.pay({ id });
  const refund = await client.call('POST', `/purchases/${id}/refund/`, { amount: 5000 });
  expect(refund).toMatchObject({
    status: 200,
    body: { type: 'payment', related_to: { id }, payment: { amount: 5000 } },
  });
  expect(await client.call('POST', `/purchases/${id}/refund/`, { amount: 10001 })).toMatchObject({
    status: 400,
    body: { __all__: [{ code: 'purchase_refund_error' }] },
  });
  control.chargeback({ id });
  expect(simulator.truth()).toEqual([
    {
      object_id: id,
      kind: 'purchase',
      reference: 'dep_1',
      currency: 'ZAR',
      amount_minor: '15000',
      status: 'chargeback',
    },
    expect.objectContaining({ kind: 'refund', reference: 'dep_1', amount_minor: '5000', status: 'success' }),
    expect.objectContaining({ kind: 'refund', reference: 'dep_1', amount_minor: '10000', status: 'success' }),
  ]);
});

test('mark_as_paid shows as paid, but the truth knows of no money', async () => {
  const { client, control, simulator } = await startWorld();
  const { id } = await client.createPurchase('dep_1');
  control.markAsPaid({ id });
  expect((await client.call('GET', `/purchases/${id}/`)).body).toMatchObject({ status: 'paid', marked_as_paid: true });
  expect(simulator.truth()).toMatchObject([{ status: 'created' }]);
  expect((await client.call('POST', `/purchases/${id}/refund/`)).status).toBe(400);
});

test('a strict purchase expires at due without an event, and is still paid when the payer is late', async () => {
  const { client, control, receiver, simulator } = await startWorld();
  const { id } = await client.createPurchase('dep_1');
  await control.advance({ ms: 3_601_000 });
  expect((await client.call('GET', `/purchases/${id}/`)).body).toMatchObject({ status: 'expired' });
  expect(receiver.received.map(({ event }) => event)).toEqual(['purchase.created']);
  expect(simulator.truth()).toMatchObject([{ status: 'created' }]);
  expect(() => control.pay({ id })).toThrow('expired');
  control.latePay({ id });
  expect(simulator.truth()).toMatchObject([{ status: 'paid' }]);
});
