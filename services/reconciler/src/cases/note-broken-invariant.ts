import type { EventData } from '#libs/contracts';
import type { Deps } from '../deps.ts';
import { openCase } from './open-case.ts';

/** The ledger contradicts itself and withdrawals are frozen: a case per wallet and freeze, which names the entry. */
export async function noteBrokenInvariant(
  deps: Deps,
  messageId: string,
  broken: EventData<'wallet.invariant-broken.v1'>,
): Promise<void> {
  await deps.transact(
    async (tx) => {
      if (!(await tx.claimMessage(messageId))) return;
      await openCase(tx, deps, {
        cause: 'invariant_broken',
        about: `wallet:${broken.wallet_id}:${broken.freeze_id}`,
        transactionId: null,
        objectId: null,
        evidence: broken,
      });
    },
    { onUnknownCommit: 'rerun' },
  );
}
