import { inWallet, type LedgerDeps, newborn, stamp } from './in-wallet.ts';
import { book } from './ledger/booking.ts';
import { type Claim, type Hold, hold, sameClaim } from './ledger/ledger.ts';
import { toldPosting } from './tell.ts';

/**
 * Reserves a withdrawal's amount, or refuses to: one decision per transaction id, stored with what it moved. The first is final, so a
 * repeat after a lost answer gets the same one, whatever the balance is by then. Another amount, user or currency under that id is a
 * `conflict`. The amount must be positive.
 */
export const holdFunds = (deps: LedgerDeps, claim: Claim): Promise<Hold | 'conflict'> =>
  inWallet(deps, claim, async (tx) => {
    const wallet = await tx.lockWallet(claim, newborn(deps));
    const decision = hold(wallet, claim.amountMinor);
    const refusal = decision.action === 'refuse' ? decision.reason : null;
    const decided: Hold = { ...claim, refusal, settlement: null, returnedPayoutId: null };
    const { transactionId, amountMinor } = claim;
    const occasion = { ...stamp(deps), kind: 'hold', sourceId: transactionId, transactionId, amountMinor } as const;
    const booking = decision.action === 'move' ? book(wallet, occasion, decision.moves) : null;

    if (!(await tx.placeHold(decided, booking, occasion.createdAt))) {
      const first = await tx.findHold(transactionId);
      return first !== null && sameClaim(first, claim) ? first : 'conflict';
    }
    if (booking !== null) await tx.enqueue('wallet.hold-placed.v1', toldPosting(claim, booking));
    return decided;
  });
