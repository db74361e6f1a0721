import type { Transact } from '#libs/db';
import type { Clock } from '#libs/runtime';
import type { WebhooksTx } from './delivery-store.ts';

/** Rows of each kind per run: some hundred milliseconds, far below the lease. What is beyond comes with the next run, which follows at once. */
const batchMax = 1_000;

interface ExpireDeps {
  transact: Transact<WebhooksTx>;
  clock: Pick<Clock, 'now'>;
  holdsLease: () => Promise<boolean>;
  /** How long things are kept, in whole days. */
  keepDays: { payloads: number; unverified: number; rows: number };
}

const dayMs = 86_400_000;

/**
 * Lets go of what the log need not keep (REQUIREMENTS W5): the payload first, which echoes people's data, the row much later, and soon
 * what nobody vouched for, of which a stranger can make as much as he likes. A deleted row gives its delivery key back: the same bytes
 * would be taken for new, and as a snapshot that old they would only cause a read at Revio (W2). Returns how many rows it touched.
 */
export async function expireDeliveries({ transact, clock, holdsLease, keepDays }: ExpireDeps): Promise<number> {
  if (!(await holdsLease())) return 0;
  const ago = (days: number): Date => new Date(clock.now().getTime() - days * dayMs);
  const before = {
    payloads: ago(keepDays.payloads),
    unverified: ago(keepDays.unverified),
    rows: ago(keepDays.rows),
  };
  return transact((tx) => tx.expireDeliveries(before, batchMax));
}
