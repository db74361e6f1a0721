import type { KeyObject } from 'node:crypto';
import { transactionId } from '#libs/contracts';
import type { Transact } from '#libs/db';
import type { Logger } from '#libs/runtime';
import type { Budget } from './budget.ts';
import type { WebhooksTx } from './delivery-store.ts';
import { type LogDeps, logRow, type ReceivedDelivery } from './log-row.ts';
import { readEvent } from './read-event.ts';
import { verifyPlain } from './signature/plain.ts';

export interface ReceiveDeps extends LogDeps {
  transact: Transact<WebhooksTx>;
  /** Any of them may have signed (REVIO.md §5). */
  publicKeys: readonly KeyObject[];
  /** How many unverified deliveries may still be written down. */
  unverifiedRows: Budget;
  logger: Logger;
}

/**
 * `accepted`: on its way to the reconciler. `stored`: kept, with nothing to tell. `duplicate`: was here before. `refused`: rightly
 * signed, but no event. `unverified`: nobody knows whose it is.
 */
export const receipts = ['accepted', 'stored', 'duplicate', 'refused', 'unverified'] as const;
export type Receipt = (typeof receipts)[number];

/**
 * Takes one delivery: the signature over the raw bytes first, then the log row and the message to the reconciler in one transaction,
 * so that after a 200 neither can be lost. Throws when the database is not there: Revio will deliver again.
 */
export async function receiveDelivery(deps: ReceiveDeps, received: ReceivedDelivery): Promise<Receipt> {
  if (!isAuthentic(deps, received)) {
    await recordUnverified(deps, received);
    return 'unverified';
  }
  const event = readEvent(received.raw, deps.clock.now());
  const row = logRow(deps, received, event);
  const isFirst = await deps.transact(
    async (tx) => {
      if (!(await tx.logDelivery(row))) return false;
      if (event?.observation) {
        const { eventType, observation } = event;
        const reference = transactionId.safeParse('reference' in observation ? observation.reference : undefined);
        await tx.enqueue(
          'webhooks.revio-event-received.v1',
          { delivery_id: row.id, event_type: eventType, observation },
          reference.success ? { correlationId: reference.data } : {},
        );
      }
      return true;
    },
    { onUnknownCommit: 'rerun' }, // the delivery key finds the earlier self
  );
  if (event === undefined) return 'refused';
  if (!isFirst) return 'duplicate';
  return event.observation === null ? 'stored' : 'accepted';
}

/**
 * Headers of the timestamped scheme are judged by that scheme alone (ADR 4). It is not built yet, so they are refused and never
 * "downgraded": whoever got hold of one delivery could strip the protection that a relay had added.
 */
const isAuthentic = ({ publicKeys }: ReceiveDeps, { raw, signatures, timestamped }: ReceivedDelivery): boolean =>
  !timestamped && verifyPlain(publicKeys, raw, signatures);

/** For whoever asks later why a delivery was turned away. Worth no failure: without a database the answer is 401 all the same. */
async function recordUnverified(deps: ReceiveDeps, received: ReceivedDelivery): Promise<void> {
  if (!deps.unverifiedRows.take()) return;
  try {
    await deps.transact((tx) => tx.logDelivery(logRow(deps, received, 'unverified')));
  } catch (err) {
    deps.logger.warn({ err }, 'an unverified delivery was not recorded');
  }
}
