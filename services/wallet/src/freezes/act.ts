import type { LedgerDeps } from '../in-wallet.ts';
import type { WalletTx } from '../ledger/ledger-store.ts';
import type { Freeze } from './freeze.ts';

type Action = 'freeze_placed' | 'freeze_release_proposed' | 'freeze_released';

/** One thing that an admin did. Never changed or deleted. */
export type Act = { id: string; at: Date; actorId: string; action: Action; freezeId: string };

/** Writes the act beside what it did, in the same transaction, and tells that it happened (A7). */
export async function recordAct(
  tx: WalletTx,
  { newUuid, clock }: Pick<LedgerDeps, 'newUuid' | 'clock'>,
  { id: freezeId }: Pick<Freeze, 'id'>,
  { actorId, action }: Pick<Act, 'actorId' | 'action'>,
): Promise<void> {
  const act: Act = { id: newUuid(), at: clock.now(), actorId, action, freezeId };
  await tx.insertAct(act);
  await tx.enqueue(
    'wallet.audited.v1',
    { act_id: act.id, actor_id: actorId, action, about: freezeId },
    { correlationId: freezeId },
  );
}
