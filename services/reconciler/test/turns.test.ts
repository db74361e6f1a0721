import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { type EventData, type EventType, envelope } from '#libs/contracts';
import type { Deps } from '../src/deps.ts';
import { messageHandlers } from '../src/handle-messages.ts';
import { payout, userId } from './samples.ts';
import { memoryWorld, newWithdrawalId } from './worlds.ts';

/** How many transactions are under way at once, at most: so many connections of the pool would be held. */
function counted(deps: Deps): { deps: Deps; most: () => number } {
  let underWay = 0;
  let most = 0;
  const transact: Deps['transact'] = async (work, options) => {
    underWay += 1;
    most = Math.max(most, underWay);
    try {
      return await deps.transact(work, options);
    } finally {
      underWay -= 1;
    }
  };
  return { deps: { ...deps, transact }, most: () => most };
}

test('what is told of one transaction at once holds one connection at a time, and keeps no other transaction waiting', async () => {
  const world = memoryWorld();
  const { deps, most } = counted(world.deps);
  const handlers = messageHandlers(deps, () => {});
  const tell = <T extends EventType>(type: T, data: EventData<T>) =>
    handlers[type]?.({ ...envelope('payments', type, data, { id: randomUUID(), time: new Date() }), attempt: 1 });

  const tellAllOf = (transaction_id: string, payout_id: string) => {
    const withdrawal = { transaction_id, user_id: userId, currency: 'ZAR' as const, amount_minor: '6000' };
    const instant = new Date(0).toISOString();
    const seen = { object_id: payout_id, reference: transaction_id };
    return [
      tell('payments.withdrawal-requested.v1', { ...withdrawal, requested_at: instant }),
      tell('payments.payout-submitted.v1', {
        ...{ ...withdrawal, payout_id },
        payout_created_at: instant,
        execute_sent_at: instant,
      }),
      tell('payments.payout-observed.v1', {
        transaction_id,
        payout_id,
        observation: payout('success', { ...seen, source: 'answer' }),
      }),
      tell('webhooks.revio-event-received.v1', {
        ...{ delivery_id: randomUUID(), event_type: 'payout.success' },
        observation: payout('success', seen),
      }),
      tell('payments.transaction-completed.v1', { ...withdrawal, kind: 'withdrawal' }),
    ];
  };
  await Promise.all(tellAllOf(newWithdrawalId(), 'payout-1'));
  expect(most()).toBe(1);
  await Promise.all([...tellAllOf(newWithdrawalId(), 'payout-2'), ...tellAllOf(newWithdrawalId(), 'payout-3')]);
  expect(most()).toBe(2);
});
