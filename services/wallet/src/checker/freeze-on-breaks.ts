import { freezeOnce } from '../freezes/freeze-withdrawals.ts';
import type { LedgerDeps } from '../in-wallet.ts';
import type { Break } from './check-ledger.ts';

/**
 * Freezes withdrawals everywhere, in one transaction with telling why: the reconciler opens a case for each wallet. A break that is
 * still there after two admins have lifted the freeze freezes again. Returns the freeze that is in force; a repeat tells again, which
 * opens no second case.
 */
export const freezeOnBreaks = (
  deps: Pick<LedgerDeps, 'transact' | 'clock' | 'newUuid'>,
  breaks: readonly Break[],
): Promise<string> =>
  deps.transact(
    async (tx) => {
      const freeze = await freezeOnce(deps, tx, { owner: null, reason: 'invariant_broken', frozenBy: 'checker' });
      for (const { walletId, userId, currency, invariants, entry } of breaks) {
        const about = { freeze_id: freeze.id, wallet_id: walletId, user_id: userId, currency };
        await tx.enqueue('wallet.invariant-broken.v1', { ...about, invariants, entry }, { correlationId: freeze.id });
      }
      return freeze.id;
    },
    { onUnknownCommit: 'rerun' },
  );
