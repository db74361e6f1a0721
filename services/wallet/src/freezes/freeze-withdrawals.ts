import { inWallet, type LedgerDeps, newborn } from '../in-wallet.ts';
import type { WalletTx } from '../ledger/ledger-store.ts';
import { recordAct } from './act.ts';
import type { Freeze } from './freeze.ts';

/**
 * An admin freezes one wallet, or every wallet there is and will be. Returns the freeze that is in force: a second one of the same is the
 * first. Whatever was held before goes on; whether it is executed is for payments, which is told.
 */
export async function freezeWithdrawals(
  deps: LedgerDeps,
  { owner, reason, frozenBy }: Pick<Freeze, 'owner' | 'reason' | 'frozenBy'>,
): Promise<Freeze> {
  const work = async (tx: WalletTx) => {
    if (owner !== null) await tx.lockWallet(owner, newborn(deps));
    const freeze = await freezeOnce(deps, tx, { owner, reason, frozenBy });
    // Also of one that found a freeze in force: an admin wanted it.
    await recordAct(tx, deps, freeze, { actorId: frozenBy, action: 'freeze_placed' });
    return freeze;
  };
  return owner === null ? deps.transact(work, { onUnknownCommit: 'rerun' }) : inWallet(deps, owner, work);
}

/** The same, inside a transaction that has more to write; the wallet, if it is about one, is locked. */
export async function freezeOnce(
  deps: Pick<LedgerDeps, 'clock' | 'newUuid'>,
  tx: WalletTx,
  { owner, reason, frozenBy }: Pick<Freeze, 'owner' | 'reason' | 'frozenBy'>,
): Promise<Freeze> {
  const unreleased = { releaseProposedBy: null, releaseProposedAt: null, releasedBy: null, releasedAt: null };
  const placed: Freeze = { id: deps.newUuid(), owner, reason, frozenBy, frozenAt: deps.clock.now(), ...unreleased };
  if (await tx.insertFreeze(placed)) {
    await tx.enqueue('wallet.frozen.v1', toldFreeze(placed), { correlationId: placed.id });
    return placed;
  }
  const first = await tx.findActiveFreeze(owner);
  // Released between the two statements: whoever asked can ask again.
  if (first === null) throw new Error('the freeze was released while another one was being placed');
  return first;
}

export const toldFreeze = ({ id, owner, reason }: Freeze) => ({
  freeze_id: id,
  user_id: owner?.userId ?? null,
  currency: owner?.currency ?? null,
  reason,
});
