import type { Deps } from './deps.ts';
import { weighAll } from './expect-transaction.ts';
import type { Ending, Subject } from './subject.ts';

export interface Ended {
  messageId: string;
  transactionId: string;
  as: Ending;
  at: Date;
}

/** Payments has ended the transaction: from then on its objects are read by the ages of REQUIREMENTS R2b. */
export async function endTransaction(deps: Deps, ended: Ended): Promise<void> {
  await deps.transact(
    async (tx) => {
      if (!(await tx.claimMessage(ended.messageId))) return;
      const subject = await tx.lockSubject(ended.transactionId);
      if (!overrides(ended, subject)) return;
      const after: Subject = { ...subject, endedAt: ended.at, endedAs: ended.as };
      await tx.putSubject(after);
      await weighAll(tx, deps, after);
    },
    { onUnknownCommit: 'rerun' },
  );
}

/** `completed` is the last word, since a deposit can be paid after it failed; of others the later one is. */
function overrides(ended: Ended, { endedAt, endedAs }: Subject): boolean {
  if (endedAt === null || (ended.as === 'completed' && endedAs !== 'completed')) return true;
  return endedAs !== 'completed' && ended.at > endedAt;
}
