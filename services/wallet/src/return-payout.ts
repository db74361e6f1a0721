import { type LedgerDeps, newborn, onceInWallet, stamp } from './in-wallet.ts';
import { book } from './ledger/booking.ts';
import { type Claim, returnPayout as decideReturn, type Hold, type Wallet } from './ledger/ledger.ts';
import type { Parked, WalletTx } from './ledger/ledger-store.ts';
import { tellRefused, toldPosting } from './tell.ts';

/** The bank sent an executed payout back, days later perhaps: verdict `payout-returned`. One that is here before its post is parked. */
export const returnPayout = (
  deps: LedgerDeps,
  { payoutId, ...claim }: Claim & { payoutId: string },
  messageId: string,
): Promise<void> =>
  onceInWallet(deps, messageId, claim, async (tx) => {
    const { transactionId } = claim;
    const { wallet, hold } = await tx.lockForSettlement(claim, newborn(deps), transactionId);
    const verdict = { ...claim, kind: 'payout-return', sourceId: payoutId, waitsFor: transactionId, reversal: null };
    await applyReturn(deps, tx, { wallet, hold }, verdict as Parked<'payout-return'>);
  });

async function applyReturn(
  deps: LedgerDeps,
  tx: WalletTx,
  { wallet, hold }: { wallet: Wallet; hold: Hold | null },
  verdict: Parked<'payout-return'>,
): Promise<void> {
  const { sourceId: payoutId, transactionId, amountMinor } = verdict;
  const decision = decideReturn(wallet, hold, verdict, payoutId);
  if (decision.action === 'nothing') return;
  if (decision.action === 'park') return tx.park(verdict, deps.clock.now());
  if (decision.action === 'refuse') return tellRefused(tx, 'payout-return', payoutId, verdict, decision.reason);

  const source = { kind: 'payout-return', sourceId: payoutId } as const;
  const booking = book(wallet, { ...stamp(deps), ...source, transactionId, amountMinor }, decision.moves);
  if (!(await tx.write(booking))) return tellRefused(tx, 'payout-return', payoutId, verdict, 'already_returned');
  await tx.returnHold(transactionId, payoutId);
  await tx.enqueue('wallet.payout-returned.v1', { ...toldPosting(verdict, booking), payout_id: payoutId });
}

/** What waited for this hold to be settled, which happened a moment ago in the same transaction. */
export async function applyParkedReturns(deps: LedgerDeps, tx: WalletTx, settled: Claim): Promise<void> {
  const { transactionId } = settled;
  for (const verdict of await tx.takeParked('payout-return', transactionId)) {
    const { wallet, hold } = await tx.lockForSettlement(settled, newborn(deps), transactionId);
    await applyReturn(deps, tx, { wallet, hold }, verdict);
  }
}
