import type { EventData } from '#libs/contracts';
import type { Handlers } from '#libs/messaging';
import { createKeyed } from '#libs/runtime';
import { noteBrokenInvariant } from './cases/note-broken-invariant.ts';
import { noteDebt } from './cases/note-debt.ts';
import { noteRefusedPosting } from './cases/note-refused-posting.ts';
import type { Deps } from './deps.ts';
import { type Ended, endTransaction } from './end-transaction.ts';
import { type Expectation, expectTransaction } from './expect-transaction.ts';
import { claimedBy, observe, type Seen } from './observe.ts';
import { endAdjustment } from './proposals/end-adjustment.ts';

type Requested = Pick<
  EventData<'payments.payout-submitted.v1'>,
  'transaction_id' | 'user_id' | 'currency' | 'amount_minor'
>;

const expectationOf = (messageId: string, data: Requested, requestedAt: string): Expectation => ({
  messageId,
  transactionId: data.transaction_id,
  userId: data.user_id,
  currency: data.currency,
  amountMinor: BigInt(data.amount_minor),
  requestedAt: new Date(requestedAt),
  dueAt: null,
  executeSentAt: null,
  object: null,
});

/**
 * Each message to its operation; `wakeSweep` when one of them wants a read now. What is told of one transaction comes in bursts, some seven
 * messages, and each locks its row: they wait for each other here, one by one, and not in the database with a connection of the pool each.
 * It saves time only: between replicas, and with the sweep, the row decides.
 */
export function messageHandlers(deps: Deps, wakeSweep: () => void): Handlers {
  const inTurn = createKeyed();
  const observed = async (seen: Seen): Promise<void> => {
    const { readWanted } = await inTurn(claimedBy(seen) ?? seen.observation.object_id, () => observe(deps, seen));
    if (readWanted) wakeSweep();
  };
  const expected = (expectation: Expectation): Promise<void> =>
    inTurn(expectation.transactionId, () => expectTransaction(deps, expectation));
  const ended = (ending: Ended): Promise<void> => inTurn(ending.transactionId, () => endTransaction(deps, ending));
  return {
    'payments.deposit-requested.v1': ({ id, data }) => expected(expectationOf(id, data, data.requested_at)),
    'payments.purchase-created.v1': ({ id, data }) =>
      expected({
        ...expectationOf(id, data, data.requested_at),
        dueAt: new Date(data.due_at),
        object: { objectId: data.purchase_id, objectType: 'purchase' },
      }),
    'payments.withdrawal-requested.v1': ({ id, data }) => expected(expectationOf(id, data, data.requested_at)),
    'payments.payout-submitted.v1': ({ id, data }) =>
      expected({
        ...expectationOf(id, data, data.execute_sent_at),
        executeSentAt: new Date(data.execute_sent_at),
        object: { objectId: data.payout_id, objectType: 'payout' },
      }),
    'payments.payout-observed.v1': ({ id, data }) =>
      observed({ messageId: id, transactionId: data.transaction_id, observation: data.observation }),
    'webhooks.revio-event-received.v1': ({ id, data }) =>
      observed({ messageId: id, deliveryId: data.delivery_id, observation: data.observation }),
    'payments.transaction-completed.v1': async ({ id, time, data }) => {
      // A reversal is a transaction of its own that nothing at Revio refers to: nobody expects anything of it.
      if (data.kind === 'reversal') return;
      await ended({
        messageId: id,
        transactionId: data.transaction_id,
        as: 'completed',
        at: new Date(time),
      });
    },
    'payments.transaction-failed.v1': ({ id, time, data }) =>
      ended({ messageId: id, transactionId: data.transaction_id, as: data.status, at: new Date(time) }),
    'wallet.invariant-broken.v1': ({ id, data }) => noteBrokenInvariant(deps, id, data),
    'wallet.deposit-reversed.v1': ({ id, data }) => noteDebt(deps, id, data),
    'wallet.adjusted.v1': ({ id, data }) => endAdjustment(deps, id, data.transaction_id, null),
    'wallet.posting-refused.v1': ({ id, data }) =>
      data.kind === 'adjustment'
        ? endAdjustment(deps, id, data.transaction_id, data.reason)
        : noteRefusedPosting(deps, id, data),
  };
}
