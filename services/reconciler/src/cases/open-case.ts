import type { Deps } from '../deps.ts';
import type { ReconcilerTx } from '../reconciler-store.ts';
import type { Case } from './case.ts';

/** Opens a case unless there is one of this cause about the same thing: a thousand repeats are one case. */
export async function openCase(
  tx: Pick<ReconcilerTx, 'insertCase' | 'enqueue'>,
  deps: Pick<Deps, 'clock' | 'newUuid'>,
  found: Pick<Case, 'cause' | 'about' | 'transactionId' | 'objectId' | 'evidence'>,
): Promise<void> {
  const made = {
    id: deps.newUuid(),
    status: 'open',
    assignee: null,
    openedAt: deps.clock.now(),
    closedAt: null,
  } as const;
  const opened: Case = { ...found, ...made };
  if (!(await tx.insertCase(opened))) return;
  const { id, cause, transactionId, objectId } = opened;
  await tx.enqueue(
    'reconciler.case-opened.v1',
    { case_id: id, cause, transaction_id: transactionId, object_id: objectId },
    transactionId === null ? {} : { correlationId: transactionId },
  );
}
