import { type LedgerDeps, newborn, onceInWallet, stamp } from './in-wallet.ts';
import { book } from './ledger/booking.ts';
import { adjust, type Claim } from './ledger/ledger.ts';
import { tellRefused, toldPosting } from './tell.ts';

/** An adjustment that two people approved: posted once per adjustment id, whatever the wallet's freeze, or refused as data. */
export const adjustFunds = (
  deps: LedgerDeps,
  { direction, ...claim }: Claim & { direction: 'credit' | 'debit' },
  messageId: string,
): Promise<void> =>
  onceInWallet(deps, messageId, claim, async (tx) => {
    const { transactionId, amountMinor } = claim;
    const wallet = await tx.lockWallet(claim, newborn(deps));
    const first = await tx.findPosting('adjustment', transactionId);
    if (first !== null) {
      const repeated = first.walletId === wallet.id && first.amountMinor === amountMinor;
      return repeated ? undefined : tellRefused(tx, 'adjustment', transactionId, claim, 'adjustment_mismatch');
    }
    const decision = adjust(wallet, direction, amountMinor);
    if (decision.action === 'refuse') return tellRefused(tx, 'adjustment', transactionId, claim, decision.reason);

    const source = { kind: 'adjustment', sourceId: transactionId } as const;
    const booking = book(wallet, { ...stamp(deps), ...source, transactionId, amountMinor }, decision.moves);
    if (!(await tx.write(booking))) throw new Error(`adjustment ${transactionId} was posted to another wallet`);
    await tx.enqueue('wallet.adjusted.v1', { ...toldPosting(claim, booking), direction });
  });
