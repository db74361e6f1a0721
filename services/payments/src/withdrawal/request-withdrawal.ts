import type { Currency } from '#libs/money';
import type { SealingKeys } from '#libs/sealed';
import { type AnswerOnceDeps, answerOnce, type OnceAnswer } from '../idempotency/answer-once.ts';
import { problem } from '../problems.ts';
import { sealEmail } from '../sealed-details.ts';
import { type NewId, type Step, type Transaction, unused } from '../transaction/transaction.ts';
import { type PlaceHoldDeps, placeHold } from './place-hold.ts';

export interface RequestWithdrawalDeps extends AnswerOnceDeps, PlaceHoldDeps {
  newId: NewId;
  sealingKeys: SealingKeys;
}

export interface WithdrawalRequest {
  userId: string;
  email: string;
  idempotencyKey: string;
  amountMinor: bigint;
  currency: Currency;
  bankAccountId: string;
}

/**
 * Begins a withdrawal and asks the wallet to hold its amount (DESIGN section 4). Answers 202 once it is held, or while the wallet
 * cannot be asked, and a worker goes on; 422 with the wallet's reason when it refuses. Throws the problems of `answerOnce`, and
 * `bank_account_not_found`.
 */
export async function requestWithdrawal(deps: RequestWithdrawalDeps, request: WithdrawalRequest): Promise<OnceAnswer> {
  const { userId, email, amountMinor, currency, bankAccountId } = request;
  const now = deps.clock.now();
  const id = deps.newId('wd');
  const transaction: Transaction & { nextStep: Step } = {
    ...unused,
    id,
    userId,
    kind: 'withdrawal',
    status: 'pending',
    amountMinor,
    currency,
    bankAccountId,
    emailSealed: sealEmail(deps.sealingKeys, { id, userId }, email),
    nextStep: 'place_hold',
    leasedUntil: new Date(now.getTime() + deps.leaseMs),
    attempts: 1,
    createdAt: now,
    updatedAt: now,
  };
  return answerOnce(deps, {
    userId,
    key: request.idempotencyKey,
    input: ['withdrawal', String(amountMinor), currency, bankAccountId],
    transaction,
    begin: async (tx) => {
      // Thrown inside, so that a request that names nothing of its user's leaves nothing behind, not even its key.
      if ((await tx.findBankAccount(userId, bankAccountId)) === undefined) throw noSuchAccount();
      await tx.enqueue('payments.withdrawal-requested.v1', {
        transaction_id: id,
        user_id: userId,
        currency,
        amount_minor: String(amountMinor),
        requested_at: now.toISOString(),
      });
    },
    advance: (withdrawal) => placeHold(deps, withdrawal),
  });
}

const noSuchAccount = () =>
  problem('bank_account_not_found', {
    errors: [{ pointer: '/bank_account_id', code: 'not_found', detail: 'None of your bank accounts has this id' }],
  });
