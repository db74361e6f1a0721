import type { Envelope } from '#libs/contracts';
import type { Received } from '#libs/messaging';
import { reasonWord } from './dead-letter.ts';
import type { DeadLetterDeps } from './deps.ts';

/** The log of deliveries shows that the reconciler failed on one and tries again (W5). */
export async function tellRetry(
  deps: Pick<DeadLetterDeps, 'transact' | 'wakeRelay'>,
  event: Received,
  reason: string,
): Promise<void> {
  if (event.type !== 'webhooks.revio-event-received.v1') return;
  const { delivery_id } = (event as Envelope<'webhooks.revio-event-received.v1'>).data;
  const failed = { delivery_id, outcome: 'retrying', attempt: event.attempt, reason: reasonWord(reason) } as const;
  await deps.transact((tx) => tx.enqueue('reconciler.observation-failed.v1', failed));
  deps.wakeRelay();
}
