import { problem } from '../problems.ts';
import { resourceOf, shownStatus } from '../transaction/resource.ts';
import type { TimelineEntry, Transaction } from '../transaction/transaction.ts';
import type { History, HistoryTx, PayoutRow } from './history-store.ts';
import { sayOutcome, sayStep } from './plain-words.ts';
import type { WebhookEvent } from './webhook-event-store.ts';

export interface ReadDeps {
  /** Of the database that is written: who has just made a transaction reads it by its id, and looks by keys cost nothing. */
  freshHistory: History;
}

/** Looks by keys only, which take microseconds. */
const statementMsMax = 4_000;

/** Everything there is to show of one transaction, read in one snapshot. */
async function storyOf(tx: HistoryTx, id: string) {
  const transaction = await tx.transaction(id);
  if (transaction === undefined) return undefined;
  const timeline = await tx.timeline(id);
  const events = await tx.webhookEvents(id);
  const reversals = await tx.reversalsOf(id);
  return { transaction, timeline, events, reversals };
}

/** The user's own transaction with its timeline. Throws `transaction_not_found`, for other people's ids as well (A3). */
export function readOwn({ freshHistory }: ReadDeps, input: { userId: string; id: string }) {
  return freshHistory.snapshot(
    async (tx) => {
      const story = await storyOf(tx, input.id);
      if (story === undefined || story.transaction.userId !== input.userId) throw problem('transaction_not_found');
      const { transaction, timeline, events, reversals } = story;
      return {
        ...resourceOf(transaction),
        timeline: timeline.map((entry) => stepOf(transaction, entry)),
        webhook_events: events.map(eventOf),
        reversals: reversals.map(reversalOf),
      };
    },
    { statementMsMax },
  );
}

/** Anybody's, with what support needs: whose it is, the provider's ids, and how far the work on it is. */
export function readAny({ freshHistory }: ReadDeps, id: string) {
  return freshHistory.snapshot(
    async (tx) => {
      const story = await storyOf(tx, id);
      if (story === undefined) throw problem('transaction_not_found');
      const { transaction, timeline, events, reversals } = story;
      return {
        user_id: transaction.userId,
        ...resourceOf(transaction),
        provider: {
          purchase_id: transaction.purchaseId,
          payout_id: transaction.payoutId,
          reversal_source_id: transaction.sourceId,
          payouts: (await tx.payouts(id)).map(payoutOf),
        },
        work: {
          status: transaction.status,
          next_step: transaction.nextStep,
          attempts: transaction.attempts,
          leased_until: transaction.leasedUntil?.toISOString() ?? null,
          reserved_at: transaction.reservedAt?.toISOString() ?? null,
          execute_sent_at: transaction.executeSentAt?.toISOString() ?? null,
        },
        timeline: timeline.map((entry) => stepOf(transaction, entry)),
        webhook_events: events.map((event) => ({
          delivery_id: event.deliveryId,
          ...eventOf(event),
          reason: event.reason,
        })),
        reversals: reversals.map(reversalOf),
      };
    },
    { statementMsMax },
  );
}

const stepOf = (transaction: Transaction, { status, reason, at }: TimelineEntry) => ({
  status: shownStatus(status),
  reason,
  at: at.toISOString(),
  text: sayStep(transaction, status, reason),
});

const eventOf = ({ eventType, receivedAt, outcome }: WebhookEvent) => ({
  type: eventType,
  received_at: receivedAt?.toISOString() ?? null,
  outcome,
  text: sayOutcome(outcome),
});

const reversalOf = (transaction: Transaction) => {
  const { id, reversal, amount, currency, created_at } = resourceOf(transaction);
  return { id, reversal: reversal ?? null, amount, currency, created_at };
};

const payoutOf = ({ payoutId, createdOn, deadAt }: PayoutRow) => ({
  id: payoutId,
  created_at: createdOn.toISOString(),
  dead_at: deadAt?.toISOString() ?? null,
});
