import type { UserActor } from '#libs/auth';
import type { Transact } from '#libs/db';
import type { Clock } from '#libs/runtime';
import type { PaymentsTx } from '../payments-tx.ts';
import { problem } from '../problems.ts';
import { resourceOf } from '../transaction/resource.ts';
import type { Transaction } from '../transaction/transaction.ts';
import { askForVoid } from '../withdrawal/request-void.ts';
import { rejectedByAdmin } from '../withdrawal/withdrawal.ts';
import type { Act } from './act-store.ts';

export interface DecideApprovalDeps {
  transact: Transact<PaymentsTx>;
  clock: Clock;
  newUuid: () => string;
  wakePayouts: () => void;
}

interface Decision {
  admin: Pick<UserActor, 'userId'>;
  id: string;
  note: string | null;
}

/**
 * Lets a withdrawal that waits be paid out. The approval, a rejection and the user's cancellation are one conditional UPDATE each on the
 * same row, and only one meets it waiting: the others are `not_awaiting_approval` or `not_cancellable`. After an approval the user may
 * still cancel, until the payout is executed, as with any other withdrawal. Returns the resource, also for a repeat. Throws
 * `transaction_not_found`, `not_awaiting_approval` and, for one's own withdrawal, `self_approval`.
 */
export async function approveWithdrawal(deps: DecideApprovalDeps, decision: Decision) {
  const approved = await decide(deps, decision, 'approved', (tx, at) => tx.approve(decision.id, at));
  deps.wakePayouts();
  return approved;
}

/** Turns a withdrawal that waits back: the wallet is asked for its hold, and it is `failed` when the amount is available again. */
export const rejectWithdrawal = (deps: DecideApprovalDeps, decision: Decision) =>
  decide(deps, decision, 'rejected', async (tx, at) => {
    const rejected = await tx.reject(decision.id, rejectedByAdmin, at);
    if (rejected !== undefined) await askForVoid(tx, rejected, rejectedByAdmin);
    return rejected;
  });

const actions = { approved: 'withdrawal_approved', rejected: 'withdrawal_rejected' } as const;

function decide(
  deps: DecideApprovalDeps,
  { admin, id, note }: Decision,
  outcome: keyof typeof actions,
  apply: (tx: PaymentsTx, at: Date) => Promise<Transaction | undefined>,
): Promise<ReturnType<typeof resourceOf>> {
  return deps.transact(
    async (tx) => {
      const found = await tx.findTransaction(id);
      if (found?.kind !== 'withdrawal') throw problem('transaction_not_found');
      if (found.userId === admin.userId) throw problem('self_approval');
      const at = deps.clock.now();
      const decided = await apply(tx, at);
      if (decided === undefined) return resourceOf(asRepeat(await tx.findTransaction(id), outcome));
      await recordAct(deps, tx, { at, actorId: admin.userId, action: actions[outcome], transactionId: id, note });
      return resourceOf(decided);
    },
    { onUnknownCommit: 'rerun' },
  );
}

/** A decision that stands already is answered as it was, for its answer may have been lost. */
function asRepeat(current: Transaction | undefined, outcome: keyof typeof actions): Transaction {
  if (current?.approval !== outcome) throw problem('not_awaiting_approval');
  return current;
}

/** In the transaction of the act (A7). */
async function recordAct(
  { newUuid }: Pick<DecideApprovalDeps, 'newUuid'>,
  tx: PaymentsTx,
  act: Omit<Act, 'id'>,
): Promise<void> {
  const id = newUuid();
  await tx.insertAct({ id, ...act });
  await tx.enqueue(
    'payments.audited.v1',
    { act_id: id, actor_id: act.actorId, action: act.action, about: act.transactionId },
    { correlationId: act.transactionId },
  );
}
