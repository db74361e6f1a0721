import { inWallet, type LedgerDeps, newborn } from '../in-wallet.ts';
import type { WalletTx } from '../ledger/ledger-store.ts';
import { recordAct } from './act.ts';
import type { Freeze } from './freeze.ts';
import { toldFreeze } from './freeze-withdrawals.ts';

type ReleaseRefusal = 'not_found' | 'freeze_released' | 'other_admin_needed';
type Released = { ok: true; freeze: Freeze } | { ok: false; refusal: ReleaseRefusal };

/** Lifting a freeze takes two admins: the first who asks proposes it, and only another one's asking releases it. */
export async function releaseFreeze(
  deps: LedgerDeps,
  { freezeId, adminId }: { freezeId: string; adminId: string },
): Promise<Released> {
  const found = await deps.transact((tx) => tx.lockFreeze(freezeId));
  if (found === null) return { ok: false, refusal: 'not_found' };
  const { owner } = found;
  if (owner === null) return deps.transact((tx) => release(deps, tx, freezeId, adminId));
  return inWallet(deps, owner, async (tx) => {
    await tx.lockWallet(owner, newborn(deps)); // before the freeze's row, as whoever places one does
    return release(deps, tx, freezeId, adminId);
  });
}

async function release(deps: LedgerDeps, tx: WalletTx, freezeId: string, adminId: string): Promise<Released> {
  const freeze = await tx.lockFreeze(freezeId);
  if (freeze === null) return { ok: false, refusal: 'not_found' };
  if (freeze.releasedAt !== null) return { ok: false, refusal: 'freeze_released' };
  const at = deps.clock.now();
  if (freeze.releaseProposedBy === null) {
    await tx.proposeRelease(freezeId, adminId, at);
    await recordAct(tx, deps, freeze, { actorId: adminId, action: 'freeze_release_proposed' });
    return { ok: true, freeze: { ...freeze, releaseProposedBy: adminId, releaseProposedAt: at } };
  }
  if (freeze.releaseProposedBy === adminId) return { ok: false, refusal: 'other_admin_needed' };
  await tx.releaseFreeze(freezeId, adminId, at);
  await recordAct(tx, deps, freeze, { actorId: adminId, action: 'freeze_released' });
  const released = { ...freeze, releasedBy: adminId, releasedAt: at };
  await tx.enqueue('wallet.unfrozen.v1', toldFreeze(released), { correlationId: freezeId });
  return { ok: true, freeze: released };
}
