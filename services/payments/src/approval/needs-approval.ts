import type { Transact } from '#libs/db';
import type { Amounts, Currency } from '#libs/money';
import type { PaymentsTx } from '../payments-tx.ts';

/** Which withdrawals wait for an admin (M9). */
export interface ApprovalPolicy {
  /** Those of more than this, by currency. */
  above: Amounts;
  /** Those of a user who never had one completed: a stolen account is emptied at once. */
  first: boolean;
}

/**
 * Whether a withdrawal has to be approved. Decided once, when it begins: a policy that changes later is for later ones. Of several
 * first ones at once each has to.
 */
export async function needsApproval(
  deps: { transact: Transact<PaymentsTx>; approvalPolicy: ApprovalPolicy },
  { userId, currency, amountMinor }: { userId: string; currency: Currency; amountMinor: bigint },
): Promise<boolean> {
  const { above, first } = deps.approvalPolicy;
  const limitMinor = above[currency];
  if (limitMinor !== undefined && amountMinor > limitMinor) return true;
  return first && !(await deps.transact((tx) => tx.hasCompletedWithdrawal(userId)));
}
