import type { Answer } from '../idempotency/idempotency-store.ts';
import { problem } from '../problems.ts';
import { resourceOf } from './resource.ts';
import type { Transaction } from './transaction.ts';

/** The refusals that a request can hear of; each is the reason of a transaction that failed before it began. */
const refusals = [
  'insufficient_funds',
  'wallet_frozen',
  'wallet_in_debt',
  'daily_limit_exceeded',
  'monthly_limit_exceeded',
  'voided',
  'provider_rejected',
] as const;

/**
 * What the request that made this transaction is answered, judged by the row as it is now, so that whoever finishes the first step
 * (the request, its repeat or a worker) says the same; `members` are what else its problem says, as the wallet's stored decision has it. Problems carry no request id here: every repeat gets these very bytes.
 */
export function answerTo(transaction: Transaction, members: Readonly<Record<string, unknown>> = {}): Answer {
  const refusal = refusals.find((code) => code === transaction.reason);
  if (refusal !== undefined && beganNothing(transaction)) {
    const refused = problem(refusal, { members });
    const body = { ...refused.body(undefined), transaction_id: transaction.id };
    return { status: refused.status, body: JSON.stringify(body) };
  }
  const status = transaction.kind === 'deposit' && transaction.checkoutUrl !== null ? 201 : 202;
  return { status, body: JSON.stringify(resourceOf(transaction)) };
}

const beganNothing = ({ status, purchaseId, reservedAt }: Transaction): boolean =>
  status === 'failed' && purchaseId === null && reservedAt === null;
