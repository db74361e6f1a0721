import type { Deps } from '../deps.ts';

/** The wallet's answer to an approved adjustment: posted, or refused with a reason. */
export const endAdjustment = (deps: Deps, messageId: string, adjustmentId: string, failure: string | null) =>
  deps.transact(
    async (tx) => {
      if (await tx.claimMessage(messageId)) await tx.endAdjustment(adjustmentId, failure);
    },
    { onUnknownCommit: 'rerun' },
  );
