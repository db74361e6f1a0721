import { type LedgerDeps, newborn, onceInWallet, stamp } from './in-wallet.ts';
import { book } from './ledger/booking.ts';
import { type Claim, post } from './ledger/ledger.ts';
import { applyParkedReturns } from './return-payout.ts';
import { tellRefused, toldPosting } from './tell.ts';

/** The payout was executed, so the held amount has left: verdict `payout-settled`. */
export const postHold = (deps: LedgerDeps, claim: Claim, messageId: string): Promise<void> =>
  onceInWallet(deps, messageId, claim, async (tx) => {
    const { transactionId, amountMinor } = claim;
    const { wallet, hold, awaited } = await tx.lockForSettlement(claim, newborn(deps), transactionId);
    const decision = post(hold, claim);
    if (decision.action === 'nothing') return;
    if (decision.action === 'refuse') return tellRefused(tx, 'post', transactionId, claim, decision.reason);

    const source = { kind: 'settlement', settlement: 'post', sourceId: transactionId } as const;
    const booking = book(wallet, { ...stamp(deps), ...source, transactionId, amountMinor }, decision.moves);
    await tx.settleHold(transactionId, 'post', booking);
    await tx.enqueue('wallet.hold-posted.v1', toldPosting(claim, booking));
    if (awaited) await applyParkedReturns(deps, tx, claim);
  });
