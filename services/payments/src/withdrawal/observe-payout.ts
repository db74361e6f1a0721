import type { PreparedPayout } from './payout-store.ts';
import type { PreparePayoutDeps } from './prepare-payout.ts';

/**
 * Reads a payout once after it was executed, whatever the execution was answered, and tells the reconciler what Revio says. Without a
 * readable Payout nothing is told: the reconciler reads it again on its own schedule.
 */
export async function observePayout(
  deps: Pick<PreparePayoutDeps, 'provider' | 'transact' | 'logger'>,
  { payoutId, transactionId }: PreparedPayout,
): Promise<void> {
  const read = await deps.provider.readPayout(payoutId);
  if (read.kind === 'unavailable' || read.observation.object_type !== 'payout') {
    deps.logger.warn({ payout_id: payoutId }, 'the outcome of the payout is unknown; the reconciler will read it');
    return;
  }
  const { observation } = read;
  await deps.transact((tx) =>
    tx.enqueue('payments.payout-observed.v1', { transaction_id: transactionId, payout_id: payoutId, observation }),
  );
}
