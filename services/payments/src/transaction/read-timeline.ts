import { z } from 'zod';
import type { TimelineAnswer } from '#libs/contracts';
import type { Transact } from '#libs/db';
import type { PaymentsTx } from '../payments-tx.ts';
import { problem } from '../problems.ts';
import { shownStatus } from './resource.ts';
import type { Status } from './transaction.ts';

/** `?after=` the number of the last entry that the reader has; without one, from the beginning. */
export const timelineQuery = z.strictObject({
  after: z
    .string()
    .regex(/^(0|[1-9][0-9]{0,17})$/)
    .default('0')
    .transform(BigInt),
});

/** Nothing is on its way any more. A late truth may still change it (M7), which a reader who comes back sees. */
const ended: ReadonlySet<Status> = new Set(['completed', 'failed', 'expired', 'cancelled']);

/** What happened to the user's own transaction after an entry of its timeline (T5). Throws `transaction_not_found`. */
export function readTimeline(
  deps: { transact: Transact<PaymentsTx> },
  { userId, id, after }: { userId: string; id: string; after: bigint },
): Promise<TimelineAnswer> {
  return deps.transact(async (tx) => {
    // First, so that an end which commits between the two reads is not told without its entry.
    const transaction = await tx.findTransaction(id);
    if (transaction?.userId !== userId) throw problem('transaction_not_found');
    const entries = await tx.readTimelineAfter(id, after);
    const data = entries.map(({ id: number, status, reason, at }) => ({
      id: String(number),
      status: shownStatus(status),
      reason,
      at: at.toISOString(),
    }));
    return { data, ended: ended.has(transaction.status) };
  });
}
