import type { Transact } from '#libs/db';
import type { PaymentsTx } from '../payments-tx.ts';
import { resourceOf } from '../transaction/resource.ts';

/** What people work through; the next ones are there when these are decided. */
const waitingMax = 100;

/** The withdrawals that are held and wait for an admin, oldest first: the hundred that have waited longest. */
export async function listWaiting(deps: { transact: Transact<PaymentsTx> }) {
  const waiting = await deps.transact((tx) => tx.listWaiting(waitingMax));
  return { data: waiting.map((withdrawal) => ({ ...resourceOf(withdrawal), user_id: withdrawal.userId })) };
}
