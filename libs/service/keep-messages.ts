import { acquireLease, type Database } from '#libs/db';
import { type KeptDays, pruneMessages } from '#libs/messaging';
import { type BaseConfig, ConfigError, type LoopDefinition, newUuid } from '#libs/runtime';

/** What is old enough by days can wait for minutes. */
const intervalMs = 600_000;
/** A holder that is gone is replaced after as many intervals. */
const leaseIntervals = 3;

type Kept = Pick<BaseConfig, 'OUTBOX_KEEP_DAYS' | 'INBOX_KEEP_DAYS'>;

/**
 * A message that is published again on the outbox's last day must still be known where it was handled on its first, also when it lies in a
 * queue for a while: so the inbox is kept at least twice as long. Throws ConfigError.
 */
export function keptDays({ OUTBOX_KEEP_DAYS: sent, INBOX_KEEP_DAYS: received }: Kept): KeptDays {
  if (received < 2 * sent) throw new ConfigError(['INBOX_KEEP_DAYS: must be at least twice OUTBOX_KEEP_DAYS']);
  return { sent, received };
}

/** The job of every service that prunes its messages; one replica at a time does it, and two would do no harm. */
export function pruneLoop(db: Pick<Database, 'read'>, days: KeptDays): LoopDefinition {
  const holder = newUuid();
  const runOnce = async (): Promise<number> => {
    const lease = await acquireLease(db.read, 'prune-messages', holder, intervalMs * leaseIntervals);
    return lease === null ? 0 : pruneMessages(db.read, days);
  };
  return { name: 'prune-messages', intervalMs, runOnce };
}
