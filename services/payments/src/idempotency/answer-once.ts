import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Transact } from '#libs/db';
import { type Clock, currentContext, runInContext } from '#libs/runtime';
import type { PaymentsTx } from '../payments-tx.ts';
import { problem } from '../problems.ts';
import type { Step, Transaction } from '../transaction/transaction.ts';
import type { Answer } from './idempotency-store.ts';

/** How often a duplicate looks for the first one's answer: thirty of them then cost the database 300 short reads a second. */
const pollMs = 100;

export interface AnswerOnceDeps {
  transact: Transact<PaymentsTx>;
  clock: Clock;
  /** How long the first step belongs to whoever began it. */
  leaseMs: number;
  /** How long a duplicate in flight waits for the first. */
  duplicateWaitMs: number;
}

export interface OnceRequest {
  userId: string;
  key: string;
  /** The operation and its validated input, whatever is JSON. */
  input: unknown;
  /** The row to begin with, its first step leased by this request. */
  transaction: Transaction & { nextStep: Step };
  /** Further writes of the same database transaction. */
  begin: (tx: PaymentsTx) => Promise<void>;
  /** The first step, safe to repeat; whoever has the lease runs it. Its answer is the stored one. */
  advance: (transaction: Transaction) => Promise<Answer>;
}

export interface OnceAnswer {
  answer: Answer;
  replayed: boolean;
}

/**
 * Runs a request once per `Idempotency-Key` of a user and answers every repeat with the first one's answer, word for word (M6, F1).
 * A repeat that finds the first in flight waits for it; if the first died, the repeat resumes it as soon as its lease is over.
 * Nothing is stored of a request that threw. Throws the problems `idempotency_key_reused` and `request_in_progress`.
 */
export async function answerOnce(deps: AnswerOnceDeps, request: OnceRequest): Promise<OnceAnswer> {
  const { userId, key } = request;
  const { requestId = null, traceparent = null } = currentContext();
  const transaction = { ...request.transaction, requestId, traceparent };
  const inputHash = createHash('sha256').update(JSON.stringify(request.input)).digest('hex');
  const claim = {
    userId,
    key,
    inputHash,
    transactionId: transaction.id,
    answer: null,
    createdAt: transaction.createdAt,
  };
  const stored = await deps.transact(
    async (tx) => {
      const claimed = await tx.claimKey(claim);
      if (claimed.inserted) {
        await tx.insertTransaction(transaction);
        await request.begin(tx);
      }
      return claimed.stored;
    },
    { onUnknownCommit: 'rerun' },
  );
  if (stored.inputHash !== inputHash) throw problem('idempotency_key_reused');
  if (stored.answer !== null) return { answer: stored.answer, replayed: true };
  // By the id and not by "inserted": after an unknown COMMIT the rerun finds its own earlier insert.
  if (stored.transactionId === transaction.id)
    return { answer: await advance(deps, request, transaction), replayed: false };
  return { answer: await awaitAnswer(deps, request), replayed: true };
}

/** What is logged meanwhile names the transaction. A try that throws gives its step back, so that a repeat goes on at once. */
const advance = (deps: AnswerOnceDeps, request: OnceRequest, transaction: Transaction): Promise<Answer> =>
  runInContext({ correlationId: transaction.id }, async () => {
    try {
      return await request.advance(transaction);
    } catch (error) {
      await giveBack(deps, request.transaction.nextStep, transaction).catch(() => undefined); // else the lease ends by itself
      throw error;
    }
  });

async function giveBack(deps: AnswerOnceDeps, step: Step, { id, leasedUntil }: Transaction): Promise<void> {
  const now = deps.clock.now();
  // Past its end the lease may be somebody else's.
  if (leasedUntil !== null && now < leasedUntil) await deps.transact((tx) => tx.postpone(id, step, now));
}

async function awaitAnswer(deps: AnswerOnceDeps, request: OnceRequest): Promise<Answer> {
  const { clock, leaseMs } = deps;
  const firstStep = request.transaction.nextStep;
  for (const deadlineMs = clock.monotonicMs() + deps.duplicateWaitMs; ; await sleep(pollMs)) {
    const found = await deps.transact(async (tx) => {
      const stored = await tx.findKey(request.userId, request.key);
      if (stored === undefined || stored.answer !== null) return stored;
      // The first step only: it may have been done since the look above, and the next one is a worker's, not ours to lease and leave.
      const now = clock.now();
      return tx.leaseOne(stored.transactionId, firstStep, now, new Date(now.getTime() + leaseMs));
    });
    if (found !== undefined && 'answer' in found && found.answer !== null) return found.answer;
    if (found !== undefined && 'kind' in found) return advance(deps, request, found);
    if (clock.monotonicMs() >= deadlineMs) throw problem('request_in_progress', { headers: { 'retry-after': '2' } });
  }
}
