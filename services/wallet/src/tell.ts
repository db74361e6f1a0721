import type { EventData } from '#libs/contracts';
import type { Booking } from './ledger/booking.ts';
import type { Claim, Refusal } from './ledger/ledger.ts';
import type { WalletTx } from './ledger/ledger-store.ts';

/** A claim as events carry it. */
export const told = ({ transactionId, userId, currency, amountMinor }: Claim) => ({
  transaction_id: transactionId,
  user_id: userId,
  currency,
  amount_minor: amountMinor.toString(),
});

export const toldPosting = (claim: Claim, { posting }: Booking) => ({
  ...told(claim),
  wallet_id: posting.walletId,
  posting_id: posting.id,
});

/** A verdict that the books do not allow is told, never thrown: no retry would change it, and a human must look. */
export const tellRefused = (
  tx: WalletTx,
  kind: EventData<'wallet.posting-refused.v1'>['kind'],
  sourceId: string,
  claim: Claim,
  reason: Refusal,
): Promise<void> => tx.enqueue('wallet.posting-refused.v1', { ...told(claim), kind, source_id: sourceId, reason });
