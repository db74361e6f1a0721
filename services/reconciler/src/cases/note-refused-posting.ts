import type { EventData } from '#libs/contracts';
import type { Deps } from '../deps.ts';
import { openCase } from './open-case.ts';

/** The ledger could not apply a verdict: what Revio says and what the wallet holds have come apart, and a human must look. */
export async function noteRefusedPosting(
  deps: Deps,
  messageId: string,
  refused: EventData<'wallet.posting-refused.v1'>,
): Promise<void> {
  const { kind, source_id, transaction_id, currency, amount_minor, reason } = refused;
  await deps.transact(
    async (tx) => {
      if (!(await tx.claimMessage(messageId))) return;
      await openCase(tx, deps, {
        cause: 'posting_refused',
        about: `${kind}:${source_id}`,
        transactionId: transaction_id,
        objectId: null,
        evidence: { kind, source_id, currency, amount_minor, reason },
      });
    },
    { onUnknownCommit: 'rerun' },
  );
}
