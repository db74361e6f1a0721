import type { Transact } from '#libs/db';
import type { PaymentsTx } from '../payments-tx.ts';
import { problem } from '../problems.ts';
import { resourceOf, timelineOf } from './resource.ts';

interface ReadDeps {
  transact: Transact<PaymentsTx>;
}

/** The user's own transaction with its timeline. Throws `transaction_not_found`, for other people's ids as well (A3). */
export function readTransaction(deps: ReadDeps, input: { userId: string; id: string }) {
  return deps.transact(async (tx) => {
    const transaction = await tx.findTransaction(input.id);
    if (transaction?.userId !== input.userId) throw problem('transaction_not_found');
    return { ...resourceOf(transaction), timeline: timelineOf(await tx.readTimeline(input.id)) };
  });
}

/** The user's newest transactions. */
export async function listTransactions(deps: ReadDeps, input: { userId: string; limit: number }) {
  const transactions = await deps.transact((tx) => tx.listTransactions(input.userId, input.limit));
  return { data: transactions.map(resourceOf) };
}
