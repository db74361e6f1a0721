import type { EventData } from '#libs/contracts';
import type { Handlers, Received } from '#libs/messaging';
import { applyDepositFact } from './deposit/apply-deposit-fact.ts';
import type { Freeze } from './freezes/freeze-store.ts';
import { noteFreeze } from './freezes/note-freeze.ts';
import { noteWebhookArrival, noteWebhookHandling } from './history/note-webhook-event.ts';
import { recordReversal } from './transaction/record-reversal.ts';
import { applyHoldFact } from './withdrawal/apply-hold-fact.ts';
import type { HoldFact } from './withdrawal/withdrawal.ts';

type Deps = Parameters<typeof applyHoldFact>[0] &
  Parameters<typeof recordReversal>[0] &
  Parameters<typeof noteWebhookArrival>[0];

/** What this service does about each message that it listens to. Ends come from here, and nearly only from here. */
export function messageHandlers(deps: Deps): Handlers {
  const holdFact = (event: Received, transactionId: string, fact: HoldFact) =>
    applyHoldFact(deps, { messageId: event.id, transactionId, fact });

  return {
    'wallet.hold-placed.v1': (event) => holdFact(event, event.data.transaction_id, { fact: 'held' }),
    'wallet.hold-posted.v1': (event) => holdFact(event, event.data.transaction_id, { fact: 'posted' }),
    'wallet.hold-voided.v1': (event) =>
      holdFact(event, event.data.transaction_id, { fact: 'voided', reason: event.data.reason }),
    'wallet.deposit-credited.v1': ({ id, data }) =>
      applyDepositFact(deps, { messageId: id, transactionId: data.transaction_id, fact: { fact: 'credited' } }),
    'reconciler.deposit-failed.v1': ({ id, data: { transaction_id: transactionId, status, reason } }) =>
      applyDepositFact(deps, { messageId: id, transactionId, fact: { fact: status, reason } }),
    'wallet.deposit-reversed.v1': ({ id, data }) =>
      recordReversal(deps, {
        messageId: id,
        reversalOf: data.transaction_id,
        reversal: data.reversal,
        sourceId: data.payment_id,
        userId: data.user_id,
        amountMinor: BigInt(data.amount_minor),
        currency: data.currency,
      }),
    'webhooks.revio-event-received.v1': (event) => noteWebhookArrival(deps, event),
    'reconciler.observation-handled.v1': (event) => noteWebhookHandling(deps, event),
    'wallet.frozen.v1': (event) => noteFreeze(deps, event.id, freezeOf(event.data, false)),
    'wallet.unfrozen.v1': (event) => noteFreeze(deps, event.id, freezeOf(event.data, true)),
    'wallet.payout-returned.v1': ({ id, data }) =>
      recordReversal(deps, {
        messageId: id,
        reversalOf: data.transaction_id,
        reversal: 'payout_return',
        sourceId: data.payout_id,
        userId: data.user_id,
        amountMinor: BigInt(data.amount_minor),
        currency: data.currency,
      }),
  };
}

const freezeOf = (data: EventData<'wallet.frozen.v1'>, lifted: boolean): Freeze => ({
  id: data.freeze_id,
  userId: data.user_id,
  currency: data.currency,
  lifted,
});
