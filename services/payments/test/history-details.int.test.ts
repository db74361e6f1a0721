import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EventData } from '#libs/contracts';
import { newUuid } from '#libs/runtime';
import { get, openWorld, post, type User, type World } from './world.ts';

/** T2: what a user is told of one transaction, from the messages that made it so. */
let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

const details = async (user: User, id: string) =>
  (await get(world.app(), `/transactions/${id}`, user).expect(200)).body;

const begin = async (user: User, amount = '150.00') =>
  (await post(world.app(), '/deposits', user, { amount, currency: 'ZAR' }).expect(201)).body.id as string;

const about = (user: User, id: string, amount_minor = '15000') =>
  ({
    transaction_id: id,
    user_id: user.id,
    currency: 'ZAR',
    amount_minor,
    wallet_id: newUuid(),
    posting_id: newUuid(),
  }) as const;

const arrival = (deliveryId: string, event_type: string, seconds: number) =>
  ({
    delivery_id: deliveryId,
    event_type,
    observation: {
      object_type: 'payment',
      source: 'webhook',
      observed_at: new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString(),
      provider_date: null,
      object_id: newUuid(),
      reference: '',
      status: 'paid',
      created_on: '2026-01-01T00:00:00.000Z',
      updated_on: '2026-01-01T00:00:00.000Z',
      is_test: true,
      brand_id: 'b',
      payment_type: 'purchase',
      event_type,
      is_outgoing: false,
      amount_minor: '15000',
      currency: 'ZAR',
      purchase_id: null,
    },
  }) as const;

const handled = (
  delivery_id: string,
  transaction_id: string | null,
  outcome: EventData<'reconciler.observation-handled.v1'>['outcome'],
) => ({ delivery_id, transaction_id, outcome, reason: 'paid' });

test('the timeline says each status, when, and why in plain words; of an unknown reason, what it is called', async () => {
  const user = await world.user();
  const id = await begin(user);
  await world.tell('reconciler.deposit-failed.v1', {
    transaction_id: id,
    user_id: user.id,
    currency: 'ZAR',
    amount_minor: '15000',
    status: 'failed',
    reason: 'payment_failed',
  });
  await world.tell('wallet.deposit-credited.v1', { ...about(user, id), purchase_id: newUuid() });
  const { timeline } = await details(user, id);
  expect(timeline).toEqual([
    { status: 'pending', reason: null, at: expect.any(String), text: 'Waiting for the payment.' },
    {
      status: 'failed',
      reason: 'payment_failed',
      at: expect.any(String),
      text: 'Not paid. Nothing was added to the wallet. The payment attempt failed; the payment page can be used again until it closes.',
    },
    { status: 'completed', reason: null, at: expect.any(String), text: 'Paid. The money is in the wallet.' },
  ]);
  const other = await begin(user);
  await world.tell('reconciler.deposit-failed.v1', {
    transaction_id: other,
    user_id: user.id,
    currency: 'ZAR',
    amount_minor: '15000',
    status: 'failed',
    reason: 'word_of_tomorrow',
  });
  expect((await details(user, other)).timeline[1]).toMatchObject({
    reason: 'word_of_tomorrow',
    text: 'Not paid. Nothing was added to the wallet.',
  });
});

test('its webhook events stand beside it, in the order they came, whatever order and however often they were told of', async () => {
  const user = await world.user();
  const id = await begin(user);
  const [first, second, stranger] = [newUuid(), newUuid(), newUuid()];
  const tellHandled = (delivery: string, to: string | null, outcome: 'applied' | 'parked' | 'ignored', time: string) =>
    world.tell('reconciler.observation-handled.v1', handled(delivery, to, outcome), undefined, new Date(time));
  // The second is told of before it is known what it was; the first was parked, and is told of late.
  await tellHandled(second, id, 'ignored', '2026-01-01T00:01:00Z');
  await world.tell('webhooks.revio-event-received.v1', arrival(second, 'purchase.viewed', 20));
  await world.tell('webhooks.revio-event-received.v1', arrival(first, 'purchase.paid', 10));
  await world.tell('webhooks.revio-event-received.v1', arrival(first, 'purchase.paid', 10));
  await tellHandled(first, id, 'applied', '2026-01-01T00:03:00Z');
  await tellHandled(first, null, 'parked', '2026-01-01T00:02:00Z');
  await world.tell('webhooks.revio-event-received.v1', arrival(stranger, 'purchase.paid', 5));
  await tellHandled(stranger, null, 'parked', '2026-01-01T00:02:00Z');
  expect((await details(user, id)).webhook_events).toEqual([
    {
      type: 'purchase.paid',
      received_at: '2026-01-01T00:00:10.000Z',
      outcome: 'applied',
      text: 'It changed how things stand.',
    },
    {
      type: 'purchase.viewed',
      received_at: '2026-01-01T00:00:20.000Z',
      outcome: 'ignored',
      text: 'It said nothing new.',
    },
  ]);
});

test('M1: a refund and the deposit that it turns back name each other; so do a returned payout and its withdrawal', async () => {
  const user = await world.user();
  const id = await begin(user);
  await world.tell('wallet.deposit-credited.v1', { ...about(user, id), purchase_id: newUuid() });
  await world.tell('wallet.deposit-reversed.v1', {
    ...about(user, id, '5000'),
    purchase_id: newUuid(),
    payment_id: newUuid(),
    reversal: 'refund',
    receivable_minor: '0',
  });
  const deposit = await details(user, id);
  expect(deposit).toMatchObject({ status: 'completed', reversals: [{ reversal: 'refund', amount: '50.00' }] });
  const refund = await details(user, deposit.reversals[0].id);
  expect(refund).toMatchObject({ type: 'reversal', reversal: 'refund', reversal_of: id, status: 'completed' });
  expect(refund.timeline).toMatchObject([
    { text: 'A deposit was refunded to the payer. The amount has left the wallet.' },
  ]);
  expect(refund.reversals).toEqual([]);
});

test('A3: somebody else’s transaction, and one that does not exist → 404', async () => {
  const id = await begin(await world.user());
  const other = await world.user();
  for (const path of [`/transactions/${id}`, '/transactions/dep_01JDA7Q0Z4N8V6B1T3W5Y7X9AC', '/transactions/nothing']) {
    expect((await get(world.app(), path, other).expect(404)).body.code).toBe('transaction_not_found');
  }
});
