import { expect, test } from 'vitest';
import { eventsOf, startWorld } from './world.ts';

test('a lost answer still has its effect: the payout is executed, once', async () => {
  const { client, control, simulator } = await startWorld();
  const { id, execution_url } = await client.createPayout('wd_1');
  control.faults.add({ route: 'POST /po/{id}/bank/', kind: 'effect_then_drop' });
  await expect(client.execute(execution_url)).rejects.toThrow();
  expect((await client.call('GET', `/payouts/${id}/`)).body).toMatchObject({ status: 'pending' });
  expect(simulator.truth()).toMatchObject([{ object_id: id, status: 'pending' }]);
  expect(control.requests().last).toMatchObject([
    { route: 'POST /payouts/', status: 201, fault: null },
    { route: 'POST /po/{id}/bank/', status: null, fault: 'effect_then_drop' },
    { route: 'GET /payouts/{id}/', status: 200 },
  ]);
});

test('a reset has no effect', async () => {
  const { client, control, simulator } = await startWorld();
  control.faults.add({ route: 'POST /payouts/', kind: 'reset' });
  await expect(client.createPayout('wd_1')).rejects.toThrow();
  expect(simulator.truth()).toEqual([]);
  await client.createPayout('wd_1');
  expect(simulator.truth()).toHaveLength(1);
});

test('each wrong answer comes as often as asked, with or without its effect', async () => {
  const { client, control, simulator } = await startWorld();
  const wrong = [
    { kind: '500', status: 500, created: 0 },
    { kind: '500_after_effect', status: 500, created: 1 },
    { kind: '429', status: 429, created: 0 },
    { kind: 'garbage', status: 200, created: 0 },
    { kind: 'garbage_after_effect', status: 200, created: 1 },
    { kind: '409_after_effect', status: 409, created: 1 },
  ] as const;
  for (const { kind, status, created } of wrong) {
    const before = simulator.truth().length;
    control.faults.add({ route: '* /payouts/', kind, seconds: 7 });
    const reply = await client.call('POST', '/payouts/', client.payout('wd_1'));
    expect({ kind, status: reply.status, created: simulator.truth().length - before }).toEqual({
      kind,
      status,
      created,
    });
    if (kind === '429') expect(reply.headers.get('retry-after')).toBe('7');
    if (kind.startsWith('garbage')) expect(reply.text).toMatch(/^<html>/);
  }
  expect(control.faults.list()).toEqual([]);
  expect((await client.call('POST', '/payouts/', client.payout('wd_1'))).status).toBe(201);
});

test('404, then it exists', async () => {
  const { client, control } = await startWorld();
  const { id } = await client.createPayout('wd_1');
  control.faults.add({ route: 'GET /payouts/{id}/', kind: '404_then_exists', count: 2 });
  const statuses = [];
  for (let read = 0; read < 3; read += 1) statuses.push((await client.call('GET', `/payouts/${id}/`)).status);
  expect(statuses).toEqual([404, 404, 200]);
});

test('a hang can have its effect before, after, or never', async () => {
  const { client, control, simulator } = await startWorld();
  const attempt = (reference: string, effect: 'before' | 'after' | 'never') => {
    control.faults.add({ route: 'POST /payouts/', kind: 'hang', ms: 50, effect });
    return client.call('POST', '/payouts/', client.payout(reference));
  };
  expect((await attempt('wd_1', 'before')).status).toBe(201);
  expect((await attempt('wd_2', 'after')).status).toBe(201);
  await expect(attempt('wd_3', 'never')).rejects.toThrow();
  expect(simulator.truth().map(({ reference }) => reference)).toEqual(['wd_1', 'wd_2']);
});

test('the webhook arrives before the answer to the call that caused it', async () => {
  const { client, control, receiver } = await startWorld();
  control.faults.add({ route: 'POST /purchases/', kind: 'webhook_before_response' });
  await client.createPurchase('dep_1');
  expect(eventsOf(receiver)).toEqual(['purchase.created']);
});

test('a fault about one reference or payer leaves the others alone', async () => {
  const { client, control, simulator } = await startWorld();
  control.faults.add({ route: 'POST /payouts/', kind: '500', about: 'wd_2' });
  control.faults.add({ route: 'GET /payouts/{id}/', kind: '404_then_exists', about: 'thandi@example.co.za' });
  const { id } = await client.createPayout('wd_1');
  expect((await client.call('POST', '/payouts/', client.payout('wd_2'))).status).toBe(500);
  expect((await client.call('GET', `/payouts/${id}/`)).status).toBe(404);
  expect((await client.call('GET', `/payouts/${id}/`)).status).toBe(200);
  expect(simulator.truth()).toHaveLength(1);
});

test('a delayed event is overtaken by a later one', async () => {
  const { client, control, receiver } = await startWorld();
  control.faults.add({ event: 'purchase.created', kind: 'delay', ms: 5_000, about: 'dep_1' });
  const { id } = await client.createPurchase('dep_1');
  control.pay({ id });
  await control.settled();
  expect(eventsOf(receiver)).toEqual(['purchase.paid']);
  await control.advance({ ms: 5_000 });
  expect(eventsOf(receiver)).toEqual(['purchase.paid', 'purchase.created']);
});

test('another amount than asked comes in, and that is what the truth says', async () => {
  const { client, control, simulator } = await startWorld();
  const { id } = await client.createPurchase('dep_1');
  control.pay({ id, amount: 14_999 });
  expect(simulator.truth()).toMatchObject([{ status: 'paid', amount_minor: '14999' }]);
  expect((await client.call('GET', `/purchases/${id}/`)).body).toMatchObject({
    purchase: { total: 15_000 },
    payment: { amount: 14_999 },
    refundable_amount: 14_999,
  });
});
