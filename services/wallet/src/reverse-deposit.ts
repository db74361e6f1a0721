import { type LedgerDeps, newborn, onceInWallet, stamp } from './in-wallet.ts';
import { type Booking, book } from './ledger/booking.ts';
import { type Claim, type Credit, reverse, type Wallet } from './ledger/ledger.ts';
import type { Parked, WalletTx } from './ledger/ledger-store.ts';
import { tellRefused, toldPosting } from './tell.ts';

export type ReversalVerdict = Claim & { purchaseId: string; paymentId: string; reversal: 'refund' | 'chargeback' };

/**
 * A refund or chargeback took the money of a purchase back: verdict `deposit-reversed`. Once per Payment of Revio's; what the user has
 * spent becomes a debt. One that is here before its credit is parked, and applied with it.
 */
export const reverseDeposit = (
  deps: LedgerDeps,
  { purchaseId, paymentId, ...claim }: ReversalVerdict,
  messageId: string,
): Promise<void> =>
  onceInWallet(deps, messageId, claim, async (tx) => {
    const { wallet, credit, known } = await tx.lockForReversal(claim, newborn(deps), { purchaseId, paymentId });
    if (known) return;
    await applyReversal(
      deps,
      tx,
      { wallet, credit },
      {
        ...claim,
        kind: 'reversal',
        sourceId: paymentId,
        waitsFor: purchaseId,
      },
    );
  });

type Standing = { wallet: Wallet; credit: Credit | null };

/** Returns where the wallet and the credit stand afterwards. */
async function applyReversal(
  deps: LedgerDeps,
  tx: WalletTx,
  before: Standing,
  verdict: Parked<'reversal'>,
): Promise<Standing> {
  const { wallet, credit } = before;
  const { sourceId, waitsFor: purchaseId, transactionId, amountMinor } = verdict;
  const decision = reverse(wallet, credit, verdict);
  if (decision.action === 'park') {
    await tx.park(verdict, deps.clock.now());
    return before;
  }
  if (decision.action === 'refuse') {
    await tellRefused(tx, 'reversal', sourceId, verdict, decision.reason);
    return before;
  }
  const source = { kind: 'reversal', sourceId, reverses: purchaseId } as const;
  const booking = book(wallet, { ...stamp(deps), ...source, transactionId, amountMinor }, decision.moves);
  if (!(await tx.write(booking))) throw new Error(`reversal ${sourceId} was posted under our lock`);
  await tx.enqueue('wallet.deposit-reversed.v1', {
    ...toldPosting(verdict, booking),
    purchase_id: purchaseId,
    payment_id: sourceId,
    reversal: verdict.reversal,
    receivable_minor: (wallet.receivableMinor - booking.wallet.receivableMinor).toString(),
  });
  return {
    wallet: booking.wallet,
    credit: credit && { ...credit, reversedMinor: credit.reversedMinor + amountMinor },
  };
}

/** What waited for this credit, which was posted a moment ago in the same transaction. */
export async function applyParkedReversals(
  deps: LedgerDeps,
  tx: WalletTx,
  { wallet, posting }: Booking,
): Promise<void> {
  let standing: Standing = { wallet, credit: { ...posting, reversedMinor: 0n } };
  for (const verdict of await tx.takeParked('reversal', posting.sourceId)) {
    standing = await applyReversal(deps, tx, standing, verdict);
  }
}
