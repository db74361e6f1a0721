import type { Handlers } from '#libs/messaging';
import { adjustFunds } from './adjust-funds.ts';
import { creditDeposit } from './credit-deposit.ts';
import { freezeOnContradiction } from './freezes/freeze-on-contradiction.ts';
import type { LedgerDeps } from './in-wallet.ts';
import type { Claim } from './ledger/ledger.ts';
import { postHold } from './post-hold.ts';
import { returnPayout } from './return-payout.ts';
import { reverseDeposit } from './reverse-deposit.ts';
import { voidHold } from './void-hold.ts';

/** What the wallet does about each message that it listens to. */
export const messageHandlers = (deps: LedgerDeps): Handlers => ({
  'reconciler.deposit-settled.v1': ({ id, data }) =>
    creditDeposit(deps, { ...claimOf(data), purchaseId: data.purchase_id }, id),
  'reconciler.deposit-reversed.v1': ({ id, data }) => {
    const { purchase_id: purchaseId, payment_id: paymentId, reversal } = data;
    return reverseDeposit(deps, { ...claimOf(data), purchaseId, paymentId, reversal }, id);
  },
  'reconciler.payout-settled.v1': ({ id, data }) => postHold(deps, claimOf(data), id),
  'reconciler.payout-failed.v1': ({ id, data }) =>
    voidHold(deps, { ...claimOf(data), by: 'verdict', reason: data.reason }, id),
  'reconciler.payout-returned.v1': ({ id, data }) =>
    returnPayout(deps, { ...claimOf(data), payoutId: data.payout_id }, id),
  'reconciler.adjustment-approved.v1': ({ id, data }) =>
    adjustFunds(deps, { ...claimOf(data), direction: data.direction }, id),
  'reconciler.conservation-broken.v1': ({ id, data }) =>
    freezeOnContradiction(deps, { userId: data.user_id, currency: data.currency, caseId: data.case_id }, id),
  'payments.void-requested.v1': ({ id, data }) =>
    voidHold(deps, { ...claimOf(data), by: 'request', reason: data.reason }, id),
});

type ClaimData = {
  transaction_id: string;
  user_id: string;
  currency: Claim['currency'];
  amount_minor: string;
};

/** Amounts in messages are minor units as strings: `"15000"` is 150.00 ZAR. */
const claimOf = (data: ClaimData): Claim => ({
  transactionId: data.transaction_id,
  userId: data.user_id,
  currency: data.currency,
  amountMinor: BigInt(data.amount_minor),
});
