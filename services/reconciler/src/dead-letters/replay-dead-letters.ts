import type { Logger } from '#libs/runtime';
import type { DeadLetterDeps } from './deps.ts';
import type { DueReplay } from './replay-store.ts';

/** Between two looks at whether the job was cancelled; a batch is a few milliseconds of a healthy broker. */
const BATCH_MAX = 20;
/** A message that cannot be published while others are is no reason for its job never to end. */
const TRIES_MAX = 5;

export interface ReplayDeps extends DeadLetterDeps {
  /** Whether this replica runs the job; renewed at each run (REQUIREMENTS R6). */
  holdsLease: () => Promise<boolean>;
  logger: Logger;
  batchMax?: number;
}

/**
 * Puts the next messages of the oldest running job back into their queues, and marks them afterwards. Whoever dies between the two
 * leaves them to be put back again, under the same ids: the inbox of the consumer makes one effect of that, and of two leaders as well.
 * So no transaction is open while the broker is waited for. Answers how many were put back; 0 when there is nothing left to do now.
 */
export async function replayDeadLetters(deps: ReplayDeps): Promise<number> {
  if (!deps.redelivery.available() || !(await deps.holdsLease())) return 0;
  const due = await deps.transact((tx) => tx.dueReplays(deps.batchMax ?? BATCH_MAX));
  if (due.length === 0) {
    await deps.transact((tx) => tx.endReplays(deps.clock.now()));
    return 0;
  }
  const outcomes = await Promise.allSettled(due.map((letter) => deps.redelivery.redeliver(letter)));
  const sent = due.filter((_, at) => outcomes[at]?.status === 'fulfilled');
  await deps.transact((tx) => tx.markReplayed(sent, deps.clock.now()));
  for (const { consumer } of sent) deps.counted('replayed', consumer);
  for (const [at, outcome] of outcomes.entries()) {
    const letter = due[at];
    if (letter !== undefined && outcome.status === 'rejected') await noteFailure(deps, letter, outcome.reason);
  }
  return sent.length;
}

async function noteFailure(deps: ReplayDeps, letter: DueReplay, err: unknown): Promise<void> {
  deps.logger.warn({ err, message_id: letter.messageId, queue: letter.consumer }, 'a dead message was not put back');
  // Without a connection nothing was wrong with the message: it waits, and no try is counted.
  if (!deps.redelivery.available()) return;
  const wasLast = await deps.transact((tx) => tx.noteFailedReplay(letter, TRIES_MAX, deps.clock.now()));
  if (wasLast) deps.counted('replay_failed', letter.consumer);
}
