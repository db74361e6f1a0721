import type { Currency } from '#libs/money';
import type { SealingKeys } from '#libs/sealed';
import { type ApprovalPolicy, needsApproval } from '../approval/needs-approval.ts';
import { requireUsable } from '../bank-account/usable-account.ts';
import { type AnswerOnceDeps, answerOnce, type OnceAnswer } from '../idempotency/answer-once.ts';
import { sealEmail } from '../sealed-details.ts';
import { type AmountLimits, requireWithin } from '../transaction/amount-limits.ts';
import { type NewId, type Step, type Transaction, unused } from '../transaction/transaction.ts';
import { type PlaceHoldDeps, placeHold } from './place-hold.ts';

export interface RequestWithdrawalDeps extends AnswerOnceDeps, PlaceHoldDeps {
  newId: NewId;
  sealingKeys: SealingKeys;
  withdrawalLimits: AmountLimits;
  approvalPolicy: ApprovalPolicy;
  /** How long a new bank account cannot be used. */
  coolOffMs: number;
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
 * cannot be asked, and a worker goes on; 422 with the wallet's reason when it refuses. One that needs an approval is held as well, and
 * waits then. Throws the problems of `answerOnce`, `requireWithin` and `requireUsable`.
 */
export async function requestWithdrawal(deps: RequestWithdrawalDeps, request: WithdrawalRequest): Promise<OnceAnswer> {
  const { userId, email, amountMinor, currency, bankAccountId } = request;
  const now = deps.clock.now();
  const id = deps.newId('wd');
  const approval = (await needsApproval(deps, request)) ? 'waiting' : null;
  const transaction: Transaction & { nextStep: Step } = {
    ...unused,
    id,
    userId,
    kind: 'withdrawal',
    status: 'pending',
    amountMinor,
    currency,
    bankAccountId,
    approval,
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
      // Thrown inside, so that a request that is refused leaves nothing behind, not even its key, and a repeat of an older one is
      // answered as that was, whatever the limits are by now.
      requireWithin(deps.withdrawalLimits, request);
      requireUsable(await tx.findBankAccount(userId, bankAccountId), { now, coolOffMs: deps.coolOffMs });
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
