import { type LedgerDeps, newborn, onceInWallet, stamp } from './in-wallet.ts';
import { book } from './ledger/booking.ts';
import { type Claim, voidHold as decideVoid, type Hold } from './ledger/ledger.ts';
import { giveBack } from './ledger/limits.ts';
import { applyParkedReturns } from './return-payout.ts';
import { tellRefused, told, toldPosting } from './tell.ts';

/** `by`: payments asked for it (cancelled, rejected before it was executed), or the reconciler's verdict `payout-failed`. */
export type VoidOrder = Claim & { by: 'request' | 'verdict'; reason: string };

/** Gives the held amount back, once. What was never held becomes a tombstone, so that a hold that comes later is refused. */
export const voidHold = (deps: LedgerDeps, { by, reason, ...claim }: VoidOrder, messageId: string): Promise<void> =>
  onceInWallet(deps, messageId, claim, async (tx) => {
    const { transactionId, amountMinor } = claim;
    const { wallet, hold, awaited } = await tx.lockForSettlement(claim, newborn(deps), transactionId);
    const decision = decideVoid(wallet, hold, claim, by);
    if (decision.action === 'nothing') return;
    if (decision.action === 'refuse') return tellRefused(tx, 'void', transactionId, claim, decision.reason);
    if (decision.action === 'tombstone') {
      const never = { returnedPayoutId: null, countedOn: null, limitMinor: null, leftMinor: null };
      const tombstone: Hold = { ...claim, refusal: 'voided', settlement: 'void', ...never };
      await tx.entombHold(tombstone, deps.clock.now());
      const nothingMoved = { wallet_id: null, posting_id: null };
      return tx.enqueue('wallet.hold-voided.v1', { ...told(claim), ...nothingMoved, reason });
    }

    const source = { kind: 'settlement', settlement: 'void', sourceId: transactionId } as const;
    const counted = hold === null ? wallet : giveBack(wallet, hold);
    const booking = book(counted, { ...stamp(deps), ...source, transactionId, amountMinor }, decision.moves);
    await tx.settleHold(transactionId, 'void', booking);
    await tx.enqueue('wallet.hold-voided.v1', { ...toldPosting(claim, booking), reason });
    if (awaited) await applyParkedReturns(deps, tx, claim);
  });
