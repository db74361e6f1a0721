import { inLedger, inTurn, type LedgerDeps, newborn, stamp } from './in-wallet.ts';
import { book } from './ledger/booking.ts';
import { type Claim, type Hold, hold, sameClaim } from './ledger/ledger.ts';
import type { WalletTx } from './ledger/ledger-store.ts';
import { count, dayOf, exceededLimit } from './ledger/limits.ts';
import { toldPosting } from './tell.ts';

/**
 * Reserves a withdrawal's amount, or refuses to: one decision per transaction id, stored with what it moved. The first is final, so a
 * repeat after a lost answer gets the same one, whatever the balance and the limits are by then (M9: they are counted on the wallet row
 * that is locked here, so that fifty at once never pass one). Another amount, user or currency under that id is a
 * `conflict`. The amount must be positive.
 */
export function holdFunds(deps: LedgerDeps, claim: Claim): Promise<Hold | 'conflict'> {
  const ticket = deps.batchHolds?.(claim, deps.limitsOf(claim.currency));
  const work = async () => {
    const batched = await ticket?.placed();
    return batched?.hold ?? (await inLedger(deps, decide(deps, claim), batched?.doubt));
  };
  return inTurn(deps, claim, work, ticket?.wait);
}

const decide =
  (deps: LedgerDeps, claim: Claim) =>
  async (tx: WalletTx): Promise<Hold | 'conflict'> => {
    const wallet = await tx.lockWallet(claim, newborn(deps));
    const { transactionId, amountMinor, currency } = claim;
    const occasion = { ...stamp(deps), kind: 'hold', sourceId: transactionId, transactionId, amountMinor } as const;
    const day = dayOf(wallet, occasion.createdAt);
    const decision = hold(wallet, amountMinor);
    const exceeded =
      decision.action === 'move' ? exceededLimit(wallet, amountMinor, day, deps.limitsOf(currency)) : null;
    const { reason = null, limitMinor = null, leftMinor = null } = exceeded ?? {};
    const refusal = decision.action === 'refuse' ? decision.reason : reason;
    const limit = { countedOn: decision.action === 'move' ? day : null, limitMinor, leftMinor };
    const decided: Hold = { ...claim, refusal, settlement: null, returnedPayoutId: null, ...limit };
    const booking =
      decision.action === 'move' && refusal === null
        ? book(count(wallet, amountMinor, day), occasion, decision.moves)
        : null;

    if (!(await tx.placeHold(decided, booking, occasion.createdAt))) {
      const first = await tx.findHold(transactionId);
      return first !== null && sameClaim(first, claim) ? first : 'conflict';
    }
    if (booking !== null) await tx.enqueue('wallet.hold-placed.v1', toldPosting(claim, booking));
    return decided;
  };
