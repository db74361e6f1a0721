import { type LedgerDeps, newborn, onceInWallet, stamp } from './in-wallet.ts';
import { type Booking, book } from './ledger/booking.ts';
import { type Claim, credit } from './ledger/ledger.ts';
import type { WalletTx } from './ledger/ledger-store.ts';
import { applyParkedReversals } from './reverse-deposit.ts';
import { tellRefused, toldPosting } from './tell.ts';

/** Revio has the money of this purchase: verdict `deposit-settled`. Credited once per purchase; a debt is repaid from it first. */
export const creditDeposit = (
  deps: LedgerDeps,
  { purchaseId, ...claim }: Claim & { purchaseId: string },
  messageId: string,
): Promise<void> =>
  onceInWallet(deps, messageId, claim, async (tx) => {
    const { transactionId, amountMinor } = claim;
    const { wallet, awaited } = await tx.lockForCredit(claim, newborn(deps), purchaseId);
    const decision = credit(wallet, amountMinor);
    if (decision.action === 'refuse') return tellRefused(tx, 'credit', purchaseId, claim, decision.reason);

    const source = { kind: 'credit', sourceId: purchaseId } as const;
    const booking = book(wallet, { ...stamp(deps), ...source, transactionId, amountMinor }, decision.moves);
    if (!(await tx.write(booking))) return tellUnlessRepeated(tx, claim, booking);
    await tx.enqueue('wallet.deposit-credited.v1', { ...toldPosting(claim, booking), purchase_id: purchaseId });
    if (awaited) await applyParkedReversals(deps, tx, booking);
  });

/** This purchase was credited before. As the same credit, all is well; as another one, somebody is wrong. */
async function tellUnlessRepeated(tx: WalletTx, claim: Claim, { posting }: Booking): Promise<void> {
  const first = await tx.findPosting('credit', posting.sourceId);
  const repeated =
    first?.transactionId === posting.transactionId &&
    first.walletId === posting.walletId &&
    first.amountMinor === posting.amountMinor;
  if (!repeated) await tellRefused(tx, 'credit', posting.sourceId, claim, 'credit_mismatch');
}
