import type { ServiceName } from '#libs/contracts';
import type { Transact } from '#libs/db';
import type { Revived } from '#libs/messaging';
import type { Clock } from '#libs/runtime';
import type { DeadLetterTx } from './dead-letter-store.ts';

/** What the operations on dead letters work with. */
export interface DeadLetterDeps {
  transact: Transact<DeadLetterTx>;
  clock: Pick<Clock, 'now'>;
  newUuid: () => string;
  /** Which of the messages are in the inbox of this service; null if it cannot be asked. */
  handledBy: (consumer: ServiceName, messageIds: readonly string[]) => Promise<ReadonlySet<string> | null>;
  redelivery: { available(): boolean; redeliver(message: Revived): Promise<void> };
  /** Each happened and is committed. */
  counted: (what: 'collected' | 'replayed' | 'discarded' | 'replay_failed', queue: ServiceName, count?: number) => void;
  /** After a job was made. */
  wakeReplays: () => void;
  /** After a transaction that enqueued something. */
  wakeRelay: () => void;
}
