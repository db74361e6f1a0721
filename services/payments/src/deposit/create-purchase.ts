import type { Transact } from '#libs/db';
import type { Clock, Logger } from '#libs/runtime';
import type { SealingKeys } from '#libs/sealed';
import type { Answer } from '../idempotency/idempotency-store.ts';
import type { PaymentsTx } from '../payments-tx.ts';
import type { CreatedPurchase, NoteUnavailable, Provider } from '../revio/provider.ts';
import { openEmail } from '../sealed-details.ts';
import { answerTo } from '../transaction/answer-to.ts';
import { endTransaction } from '../transaction/end-transaction.ts';
import type { Transaction } from '../transaction/transaction.ts';
import { nextTryAt, type RetryTiming } from '../worker/next-try.ts';
import type { Pause } from '../worker/pause.ts';

export interface CreatePurchaseDeps {
  transact: Transact<PaymentsTx>;
  clock: Clock;
  logger: Logger;
  provider: Pick<Provider, 'createPurchase' | 'cancelPurchase'>;
  sealingKeys: SealingKeys;
  /** Begun when Revio asks to wait. */
  purchasePause: Pause;
  retry: RetryTiming;
  /** How long the payer may take. */
  depositDueMs: number;
  noteUnavailable: NoteUnavailable;
}

/**
 * Makes the purchase of a pending deposit whose step the caller has leased, and returns the answer that its request gets. May run
 * any number of times, at once even: a purchase whose answer was lost is an orphan that nobody was shown, and of two that are known
 * the second is cancelled (REVIO.md section 4).
 */
export async function createPurchase(deps: CreatePurchaseDeps, deposit: Transaction): Promise<Answer> {
  const waitMs = deps.purchasePause.remainingMs();
  if (waitMs > 0) return tryLater(deps, deposit, waitMs);
  // Whole seconds, as Revio will know it.
  const dueAt = new Date(Math.floor((deps.clock.now().getTime() + deps.depositDueMs) / 1000) * 1000);
  const { id: reference, amountMinor, currency } = deposit;
  const email = openEmail(deps.sealingKeys, deposit);
  const answer = await deps.provider.createPurchase({ reference, amountMinor, currency, email, dueAt });
  switch (answer.kind) {
    case 'created':
      return keepPurchase(deps, deposit, answer.created, dueAt);
    case 'rejected':
      deps.logger.warn({ code: answer.code }, 'the provider rejected a purchase');
      return failDeposit(deps, deposit.id, 'provider_rejected');
    case 'unavailable':
      deps.noteUnavailable('create_purchase', answer);
      if (answer.retryAfterMs !== null) deps.purchasePause.begin(answer.retryAfterMs);
      return tryLater(deps, deposit, answer.retryAfterMs);
  }
}

async function keepPurchase(
  deps: CreatePurchaseDeps,
  deposit: Transaction,
  { id: purchaseId, checkoutUrl }: CreatedPurchase,
  dueAt: Date,
): Promise<Answer> {
  const { orphaned, answer } = await deps.transact(
    async (tx) => {
      const kept = await tx.attachPurchase(deposit.id, { purchaseId, checkoutUrl, dueAt }, deps.clock.now());
      if (kept !== undefined) {
        await tx.enqueue('payments.purchase-created.v1', {
          transaction_id: deposit.id,
          user_id: deposit.userId,
          currency: deposit.currency,
          amount_minor: String(deposit.amountMinor),
          purchase_id: purchaseId,
          requested_at: deposit.createdAt.toISOString(),
          due_at: dueAt.toISOString(),
        });
      }
      const current = kept ?? (await storedDeposit(tx, deposit.id));
      const stored = await tx.storeAnswer(deposit.id, answerTo(current));
      // By the id: after an unknown COMMIT the rerun finds its own purchase.
      return { orphaned: current.purchaseId !== purchaseId, answer: stored };
    },
    { onUnknownCommit: 'rerun' },
  );
  if (orphaned && !(await deps.provider.cancelPurchase(purchaseId))) {
    deps.logger.warn({ purchase_id: purchaseId }, 'an orphaned purchase could not be cancelled; nobody was shown it');
  }
  return answer;
}

/** Fails a deposit for which there is no purchase: it moves no money, so no fact of the wallet is waited for. */
export function failDeposit(
  deps: Pick<CreatePurchaseDeps, 'transact' | 'clock'>,
  id: string,
  reason: 'provider_rejected' | 'provider_unavailable',
): Promise<Answer> {
  return deps.transact(
    async (tx) => {
      const deposit = await tx.lockTransaction(id);
      if (deposit?.status === 'pending' && deposit.purchaseId === null) {
        return endTransaction(tx, deposit, { status: 'failed', reason }, deps.clock.now());
      }
      return tx.storeAnswer(id, answerTo(await storedDeposit(tx, id)));
    },
    { onUnknownCommit: 'rerun' },
  );
}

function tryLater(deps: CreatePurchaseDeps, deposit: Transaction, askedMs: number | null): Promise<Answer> {
  return deps.transact(
    async (tx) => {
      await tx.postpone(
        deposit.id,
        'create_purchase',
        nextTryAt(deps.clock.now(), deposit.attempts, deps.retry, askedMs),
      );
      return tx.storeAnswer(deposit.id, answerTo(await storedDeposit(tx, deposit.id)));
    },
    { onUnknownCommit: 'rerun' },
  );
}

async function storedDeposit(tx: PaymentsTx, id: string): Promise<Transaction> {
  const stored = await tx.findTransaction(id);
  if (stored === undefined) throw new Error('a deposit vanished');
  return stored;
}
