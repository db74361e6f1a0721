import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { type EventData, envelope } from '#libs/contracts';
import { createMemoryDatabase } from '#libs/db';
import { systemClock } from '#libs/runtime';
import type { Delivery } from '../src/delivery.ts';
import { memoryWebhooksTx } from '../src/delivery-store.memory.ts';
import { recordFailed } from '../src/record-failed.ts';
import { recordHandled } from '../src/record-handled.ts';

const now = new Date('2026-11-22T12:00:00.000Z');
const clock = { ...systemClock, now: () => now };

const received: Delivery = {
  ...{ id: randomUUID(), deliveryKey: 'sha256:1', digest: '1', scheme: 'plain', signedBy: 'webhook', eventId: null },
  ...{ sentAt: null, state: 'received', reason: null, eventType: 'purchase.paid', objectType: 'purchase' },
  ...{ objectId: 'p1', sourceAddress: '127.0.0.1', signature: null, bodyBytes: 1, payload: null, attempts: 0 },
  ...{ duplicates: 0, lastDuplicateAt: null, transactionId: null, receivedAt: now, updatedAt: now },
};

type Word =
  | EventData<'reconciler.observation-failed.v1'>['outcome']
  | EventData<'reconciler.observation-handled.v1'>['outcome'];

/** The delivery after the reconciler's words, in this order. */
async function after(words: readonly Word[]): Promise<Delivery | undefined> {
  const memory = createMemoryDatabase();
  const port = memoryWebhooksTx(memory, { source: 'webhooks', newUuid: randomUUID, now: () => now });
  const deps = { transact: memory.over(port), clock };
  await deps.transact((tx) => tx.logDelivery(received));
  const made = () => ({ id: randomUUID(), time: now });
  for (const word of words) {
    const said = { delivery_id: received.id, reason: `was_${word}` };
    if (word === 'retrying' || word === 'dead_lettered') {
      const data = { ...said, outcome: word, attempt: 1 };
      await recordFailed(deps, {
        ...envelope('reconciler', 'reconciler.observation-failed.v1', data, made()),
        attempt: 1,
      });
    } else {
      const data = { ...said, outcome: word, transaction_id: null };
      const told = envelope('reconciler', 'reconciler.observation-handled.v1', data, made());
      await recordHandled(deps, { ...told, attempt: 1 });
    }
  }
  return (await deps.transact((tx) => tx.findDeliveries({ id: received.id }, { after: null, limit: 1 })))[0];
}

test.each<[Word[], Delivery['state']]>([
  [['retrying'], 'retrying'],
  [['retrying', 'retrying', 'retrying', 'dead_lettered'], 'dead_lettered'],
  [['dead_lettered'], 'dead_lettered'],
  [['retrying', 'applied'], 'completed'],
  [['retrying', 'parked'], 'processing'],
  [['dead_lettered', 'applied'], 'completed'],
  [['dead_lettered', 'parked'], 'processing'],
  [['dead_lettered', 'case'], 'case'],
  [['dead_lettered', 'retrying'], 'dead_lettered'],
  [['parked', 'retrying'], 'processing'],
])('W5 W8: after %j a delivery is %s', async (words, state) => {
  expect(await after(words)).toMatchObject({ state });
});

test('W8: each try of the reconciler is counted, with why it failed', async () => {
  expect(await after(['retrying', 'retrying', 'dead_lettered'])).toMatchObject({
    attempts: 3,
    reason: 'was_dead_lettered',
  });
});

test('W5 W8 F7: in whatever order its words come, a delivery that was handled is completed', async () => {
  for (const words of orders<Word>(['retrying', 'retrying', 'dead_lettered', 'applied']))
    expect(await after(words)).toMatchObject({ state: 'completed', reason: 'was_applied' });
});

function orders<Thing>(things: readonly Thing[]): Thing[][] {
  if (things.length === 0) return [[]];
  return things.flatMap((thing, at) => orders(things.toSpliced(at, 1)).map((rest) => [thing, ...rest]));
}
