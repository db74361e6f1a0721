import { type LedgerDeps, newborn, onceInWallet } from '../in-wallet.ts';
import type { Owner } from '../ledger/ledger.ts';
import { freezeOnce } from './freeze-withdrawals.ts';

/**
 * The reconciler found this wallet's postings and Revio's objects to contradict each other (I9): this wallet alone is frozen, once, by the
 * name of the case. Told again while it is frozen, nothing happens; after two admins have lifted the freeze, it is another one.
 */
export const freezeOnContradiction = (
  deps: LedgerDeps,
  { caseId, ...owner }: Owner & { caseId: string },
  messageId: string,
): Promise<void> =>
  onceInWallet(deps, messageId, owner, async (tx) => {
    await tx.lockWallet(owner, newborn(deps));
    await freezeOnce(deps, tx, { owner, reason: 'conservation_broken', frozenBy: `case:${caseId}` });
  });
