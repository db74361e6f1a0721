import { expect, test } from 'vitest';
import { eventsOf, startWorld } from './world.ts';

const GOOD = { card_number: '4444 3333 2222 1111', expiry: '12/40', cvc: '123', cardholder_name: 'T MOKOENA' };
const SECURE = { ...GOOD, card_number: '5555 5555 5555 4444' };
const DECLINED = { ...GOOD, card_number: '4000 0000 0000 0002' };

const redirects = {
  success_redirect: 'https://wallet.example/ok',
  failure_redirect: 'https://wallet.example/failed',
  cancel_redirect: 'https://wallet.example/cancelled?a=1&b="2"',
};

test('the test card pays by a plain form post, and the payer is sent back', async () => {
  const { client, control, receiver, simulator } = await startWorld();
  const { checkout_url } = await client.createPurchase('dep_1', redirects);
  const page = await (await fetch(checkout_url)).text();
  expect(page).toContain('ZAR 150.00');
  expect(page).toContain('dep_1');
  expect(page).toContain('a=1&#38;b=&#34;2&#34;');
  expect(page).not.toContain('<script');
  expect(await client.submit(checkout_url, GOOD)).toMatchObject({ status: 303, location: 'https://wallet.example/ok' });
  await control.settled();
  expect(eventsOf(receiver)).toEqual(['purchase.created', 'purchase.viewed', 'purchase.paid']);
  expect(await client.submit(checkout_url, GOOD)).toMatchObject({ status: 409 });
  expect(simulator.truth()).toMatchObject([{ status: 'paid', amount_minor: '15000' }]);
});

test('3-DS: undecided until the payer approves; a failed check allows another try', async () => {
  const { client, control, receiver, simulator } = await startWorld();
  const { id, checkout_url } = await client.createPurchase('dep_1');
  expect((await client.submit(checkout_url, SECURE)).text).toContain('Approve');
  expect((await client.call('GET', `/purchases/${id}/`)).body).toMatchObject({ status: 'pending_execute' });
  expect((await client.call('POST', `/purchases/${id}/cancel/`)).status).toBe(409);
  expect((await client.submit(`${checkout_url}3ds/`, { choice: 'fail' })).text).toContain('3-D Secure');
  expect(simulator.truth()).toMatchObject([{ status: 'failed' }]);
  await client.submit(checkout_url, SECURE);
  expect((await client.submit(`${checkout_url}3ds/`, { choice: 'approve' })).text).toContain('Paid');
  expect(await client.submit(`${checkout_url}3ds/`, { choice: 'approve' })).toMatchObject({ status: 409 });
  await control.settled();
  expect(eventsOf(receiver)).toEqual([
    'purchase.created',
    'purchase.pending_execute',
    'purchase.payment_failure',
    'purchase.pending_execute',
    'purchase.paid',
  ]);
});

test('a decline is shown and can be tried again; a wrong CVC is a failed attempt too', async () => {
  const { client, simulator } = await startWorld();
  const { id, checkout_url } = await client.createPurchase('dep_1');
  const declined = await client.submit(checkout_url, DECLINED);
  expect(declined.text).toContain('Insufficient funds');
  expect(declined.text).toContain('<form');
  expect((await client.submit(checkout_url, { ...GOOD, cvc: '999' })).text).toContain('security code');
  await client.submit(checkout_url, GOOD);
  expect((await client.call('GET', `/purchases/${id}/`)).body).toMatchObject({
    status: 'paid',
    transaction_data: {
      attempts: [
        { successful: true },
        { error: { code: 'authorization_failed' } },
        { error: { code: 'insufficient_funds' } },
      ],
    },
  });
  expect(simulator.truth()).toMatchObject([{ status: 'paid' }]);
});

test('with a failure_redirect a decline sends the payer there, and the page still takes another card', async () => {
  const { client } = await startWorld();
  const { checkout_url } = await client.createPurchase('dep_1', redirects);
  expect(await client.submit(checkout_url, DECLINED)).toMatchObject({ location: 'https://wallet.example/failed' });
  expect(await (await fetch(checkout_url)).text()).toContain('Insufficient funds');
  expect(await client.submit(checkout_url, GOOD)).toMatchObject({ location: 'https://wallet.example/ok' });
});

test('a past expiry or a mistyped number is refused before anything is tried', async () => {
  const { client } = await startWorld();
  const { id, checkout_url } = await client.createPurchase('dep_1');
  expect(await client.submit(checkout_url, { ...GOOD, expiry: '01/20' })).toMatchObject({ status: 400 });
  expect(await client.submit(checkout_url, { ...GOOD, card_number: '4444333322221112' })).toMatchObject({
    status: 400,
  });
  expect((await client.call('GET', `/purchases/${id}/`)).body).toMatchObject({
    status: 'created',
    transaction_data: { attempts: [] },
  });
});

test('an expired purchase shows it and takes no card, unless late payment is allowed', async () => {
  const { client, control, simulator } = await startWorld();
  const { checkout_url } = await client.createPurchase('dep_1');
  control.expire({ reference: 'dep_1' });
  expect(await (await fetch(checkout_url)).text()).toContain('has expired');
  expect(await client.submit(checkout_url, GOOD)).toMatchObject({ status: 409 });
  control.allowLatePay({ allowed: true });
  expect((await client.submit(checkout_url, GOOD)).text).toContain('Paid');
  expect(simulator.truth()).toMatchObject([{ status: 'paid' }]);
});

test('what the merchant wrote is text on the page, never markup', async () => {
  const { client } = await startWorld();
  const { checkout_url } = await client.createPurchase('<b onload=x>', {
    purchase: { currency: 'ZAR', products: [{ name: '<script>alert(1)</script>', price: 5 }] },
  });
  const page = await (await fetch(checkout_url)).text();
  expect(page).toContain('ZAR 0.05');
  expect(page).not.toMatch(/<script|<b /);
});
