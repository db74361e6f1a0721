import type { Currency } from '#libs/money';
import type { SealingKeys } from '#libs/sealed';
import { type AnswerOnceDeps, answerOnce, type OnceAnswer } from '../idempotency/answer-once.ts';
import { sealEmail } from '../sealed-details.ts';
import { type AmountLimits, requireWithin } from '../transaction/amount-limits.ts';
import { type NewId, type Step, type Transaction, unused } from '../transaction/transaction.ts';
import { type CreatePurchaseDeps, createPurchase } from './create-purchase.ts';

export interface RequestDepositDeps extends AnswerOnceDeps, CreatePurchaseDeps {
  newId: NewId;
  sealingKeys: SealingKeys;
  depositLimits: AmountLimits;
}

export interface DepositRequest {
  userId: string;
  email: string;
  idempotencyKey: string;
  amountMinor: bigint;
  currency: Currency;
}

/**
 * Begins a deposit and asks Revio for its checkout page (DESIGN section 3). Answers 201 with `checkout_url`; 202 without it while
 * Revio cannot be asked, and a worker goes on; 422 `provider_rejected`. Throws the problems of `answerOnce` and `requireWithin`.
 */
export async function requestDeposit(deps: RequestDepositDeps, request: DepositRequest): Promise<OnceAnswer> {
  const { userId, email, amountMinor, currency } = request;
  const now = deps.clock.now();
  const id = deps.newId('dep');
  const transaction: Transaction & { nextStep: Step } = {
    ...unused,
    id,
    userId,
    kind: 'deposit',
    status: 'pending',
    amountMinor,
    currency,
    emailSealed: sealEmail(deps.sealingKeys, { id, userId }, email),
    nextStep: 'create_purchase',
    leasedUntil: new Date(now.getTime() + deps.leaseMs),
    attempts: 1,
    createdAt: now,
    updatedAt: now,
  };
  return answerOnce(deps, {
    userId,
    key: request.idempotencyKey,
    input: ['deposit', String(amountMinor), currency],
    transaction,
    begin: async (tx) => {
      // Thrown inside, so that it leaves nothing behind, and a repeat of an older request is answered as that was.
      requireWithin(deps.depositLimits, request);
      await tx.enqueue('payments.deposit-requested.v1', {
        transaction_id: id,
        user_id: userId,
        currency,
        amount_minor: String(amountMinor),
        requested_at: now.toISOString(),
      });
    },
    advance: (deposit) => createPurchase(deps, deposit),
  });
}
