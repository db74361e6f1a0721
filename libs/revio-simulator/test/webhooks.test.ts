import { expect, test } from 'vitest';
import { eventsOf, isSignedWith, startReceiver, startWorld } from './world.ts';

const HOURS_MS = 3_600_000;

test('W2: registered webhooks and the success callback are each signed with their own key only', async () => {
  const { client, control, receiver, simulator } = await startWorld();
  const callback = await startReceiver();
  await client.createPurchase('dep_1', { success_callback: callback.url });
  control.pay({ reference: 'dep_1' });
  await control.settled();
  expect(eventsOf(receiver)).toEqual(['purchase.created', 'purchase.paid']);
  expect(eventsOf(callback)).toEqual(['purchase.paid']);
  for (const hook of receiver.received) {
    expect(isSignedWith(simulator.webhookPublicKeyPem, hook)).toBe(true);
    expect(isSignedWith(simulator.companyPublicKeyPem, hook)).toBe(false);
  }
  for (const hook of callback.received) {
    expect(isSignedWith(simulator.companyPublicKeyPem, hook)).toBe(true);
    expect(isSignedWith(simulator.webhookPublicKeyPem, hook)).toBe(false);
  }
});

test('a webhook registered by the API hands out its key on one line and gets the events it asked for', async () => {
  const { client, control } = await startWorld();
  const own = await startReceiver();
  const asked = { title: 'wallet', all_events: false, events: ['purchase.paid'], callback: own.url };
  const { status, body } = await client.call('POST', '/webhooks/', asked);
  expect(status).toBe(201);
  const pem = String(body['public_key']);
  expect(pem).not.toContain('\n');
  expect((await client.call('GET', `/webhooks/${body['id']}/`)).body).toEqual(body);
  await client.createPurchase('dep_1');
  control.pay({ reference: 'dep_1' });
  await control.settled();
  expect(own.received).toHaveLength(1);
  expect(own.received.every((hook) => isSignedWith(pem.replaceAll('\\n', '\n'), hook))).toBe(true);
});

test('W5: a refused delivery comes again at the times of the platform, the same bytes, until silence', async () => {
  const { client, control, receiver } = await startWorld();
  receiver.answers(() => 500);
  await client.createPurchase('dep_1');
  await control.settled();
  const tries = [receiver.received.length];
  let atMinutes = 0;
  for (const minutes of [2, 8, 26, 80, 242, 728, 2186]) {
    await control.advance({ ms: (minutes - atMinutes) * 60_000 - 5_000 });
    const before = receiver.received.length;
    await control.advance({ ms: 5_000 });
    tries.push(receiver.received.length - before);
    expect(before).toBe(tries.slice(0, -1).reduce((sum, n) => sum + n, 0));
    atMinutes = minutes;
  }
  expect(tries).toEqual([2, 1, 1, 1, 1, 1, 1, 1]);
  await control.advance({ ms: 1000 * HOURS_MS });
  expect(receiver.received).toHaveLength(9);
  expect(new Set(receiver.received.map(({ raw, headers }) => raw + headers['x-signature'])).size).toBe(1);
  expect(control.deliveries()).toMatchObject([{ state: 'given_up' }]);
});

test('W5: a 2xx ends the retries', async () => {
  const { client, control, receiver } = await startWorld();
  receiver.answers((nth) => (nth < 4 ? 503 : 204));
  const { id } = await client.createPurchase('dep_1');
  await control.advance({ ms: 36 * HOURS_MS });
  expect(receiver.received).toHaveLength(4);
  const { body } = await client.call('GET', `/webhooks/deliveries/?id=${id}&source_type=purchase`);
  expect(body).toMatchObject({
    results: [{ event: 'purchase.created', attempts: 4, delivered_on: expect.any(String), payload: { id } }],
    next: null,
    previous: null,
  });
});

test('a refused event withholds the later ones of its object, and no other object', async () => {
  const { client, control, receiver } = await startWorld();
  receiver.answers(() => 500);
  await client.createPurchase('dep_1');
  await control.settled();
  receiver.answers(() => 200);
  control.pay({ reference: 'dep_1' });
  await client.createPurchase('dep_2');
  await control.settled();
  const refused = receiver.received.filter(({ object }) => object['reference'] === 'dep_1');
  expect(refused.map(({ event }) => event)).toEqual(['purchase.created', 'purchase.created']);
  expect(receiver.received.filter(({ object }) => object['reference'] === 'dep_2')).toHaveLength(1);
  await control.advance({ ms: 2 * 60_000 });
  expect(eventsOf(receiver).slice(-2)).toEqual(['purchase.created', 'purchase.paid']);
});

test('forged: a stranger signs it first, the retry of the same bytes is genuine', async () => {
  const { client, control, receiver, simulator } = await startWorld();
  receiver.answers((nth) => (nth === 1 ? 401 : 200));
  control.faults.add({ event: 'purchase.created', kind: 'forge' });
  await client.createPurchase('dep_1');
  await control.settled();
  const keys = [simulator.webhookPublicKeyPem, simulator.companyPublicKeyPem];
  expect(receiver.received.map((hook) => keys.some((key) => isSignedWith(key, hook)))).toEqual([false, true]);
  expect(receiver.received[0]?.raw).toBe(receiver.received[1]?.raw);
});

test('dropped: never sent; duplicated: the same bytes as often as asked', async () => {
  const { client, control, receiver } = await startWorld();
  control.faults.add({ event: 'purchase.created', kind: 'drop', count: 'all' });
  control.faults.add({ event: 'purchase.paid', kind: 'duplicate', copies: 25 });
  await client.createPurchase('dep_1');
  control.pay({ reference: 'dep_1' });
  await control.advance({ ms: 36 * HOURS_MS });
  expect(eventsOf(receiver)).toEqual(Array(25).fill('purchase.paid'));
  expect(new Set(receiver.received.map(({ raw }) => raw)).size).toBe(1);
});

test('reordered: the later event overtakes; alone, it goes after its wait', async () => {
  const { client, control, receiver } = await startWorld();
  control.faults.add({ event: 'purchase.created', kind: 'reorder', count: 2 });
  await client.createPurchase('dep_1');
  control.pay({ reference: 'dep_1' });
  await control.settled();
  expect(eventsOf(receiver)).toEqual(['purchase.paid', 'purchase.created']);
  await client.createPurchase('dep_2');
  await control.settled();
  expect(receiver.received).toHaveLength(2);
  await control.advance({ ms: 60_000 });
  expect(eventsOf(receiver)).toEqual(['purchase.paid', 'purchase.created', 'purchase.created']);
});

test('stale: updated_on lies in the past', async () => {
  const { client, control, receiver } = await startWorld();
  control.faults.add({ event: '*', kind: 'stale', seconds: 7200 });
  await client.createPurchase('dep_1');
  await control.settled();
  const object = receiver.received[0]?.object ?? {};
  expect(Number(object['created_on']) - Number(object['updated_on'])).toBeGreaterThan(7000);
});

test('W2: after a rotation the new key signs, and the old one is known to the control only', async () => {
  const { client, control, receiver, simulator } = await startWorld();
  const { public_key: fresh } = await control.rotateKey({ key: 'webhook' });
  await client.createPurchase('dep_1');
  await control.settled();
  await control.sendWebhook({ body: { event_type: 'purchase.unheard_of' }, key: 'retired' });
  const verdicts = receiver.received.map((hook) => [
    isSignedWith(fresh, hook),
    isSignedWith(simulator.webhookPublicKeyPem, hook),
  ]);
  expect(verdicts).toEqual([
    [true, false],
    [false, true],
  ]);
  expect(control.keys().webhook_public_key).toBe(fresh);
});

test('paused deliveries wait, and go in order when resumed', async () => {
  const { client, control, receiver } = await startWorld();
  control.pauseDeliveries();
  await client.createPurchase('dep_1');
  control.pay({ reference: 'dep_1' });
  await control.settled();
  expect(receiver.received).toEqual([]);
  control.resumeDeliveries();
  await control.settled();
  expect(eventsOf(receiver)).toEqual(['purchase.created', 'purchase.paid']);
});

test('send-webhook sends any bytes, with any key or none, and reports the status', async () => {
  const { control, receiver } = await startWorld();
  receiver.answers(() => 401);
  const sent = await control.sendWebhook({ body: '{"a": 1 }', key: 'none', headers: { 'x-probe': 'yes' } });
  expect(sent).toEqual({ status: 401, error: 'HTTP 401' });
  expect(receiver.received[0]).toMatchObject({ raw: '{"a": 1 }', headers: { 'x-probe': 'yes' } });
  expect(receiver.received[0]?.headers['x-signature']).toBeUndefined();
  await control.sendWebhook({ body: {}, timestamped: { timestamp: 1767254400, event_id: 'evt_1' } });
  expect(receiver.received[1]?.headers).toMatchObject({
    'x-revio-timestamp': '1767254400',
    'x-revio-event-id': 'evt_1',
    'x-revio-signature': expect.stringMatching(/^sha256=.{300,}$/),
  });
});
