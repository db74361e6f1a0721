import type { Deps } from '../deps.ts';
import { type Action, type Person, recordAct } from '../people/act.ts';
import type { ReconcilerTx } from '../reconciler-store.ts';
import { type Case, stepped } from './case.ts';

export type CaseWork = { step: 'assign'; assignee: string } | { step: 'comment' | 'dismiss' | 'resolve'; note: string };

const actions = {
  assign: 'case_assigned',
  comment: 'case_commented',
  dismiss: 'case_dismissed',
  resolve: 'case_resolved',
} as const satisfies Record<CaseWork['step'], Action>;

export type CaseRefusal = 'not_found' | 'case_closed' | 'outcome_unknown';

/**
 * A person's step on a case, with its trace. A comment can always be made. The case of a payout that nobody has decided is closed neither
 * by saying that it is solved nor that it is none: its money is held, nothing would ever open another, and only a verdict ends that.
 */
export const workOnCase = (deps: Deps, caseId: string, person: Person, work: CaseWork): Promise<Case | CaseRefusal> =>
  deps.transact(async (tx) => {
    const closes = work.step === 'dismiss' || work.step === 'resolve';
    // First, because a transaction's row is locked before any case.
    const undecidedId = closes ? await undecidedPayout(tx, await tx.findCase(caseId)) : null;
    const before = await tx.lockCase(caseId);
    if (before === null) return 'not_found';
    const assignee = work.step === 'assign' ? work.assignee : undefined;
    const after = work.step === 'comment' ? before : stepped(before, work.step, deps.clock.now(), assignee);
    if (after === null) return 'case_closed';
    if (undecidedId !== null) return 'outcome_unknown';
    await tx.putCase(after);
    const note = work.step === 'assign' ? work.assignee : work.note;
    await recordAct(tx, deps, person, { action: actions[work.step], caseId, note });
    return after;
  });

/** The payout that the case is about, if it was to be executed and has no verdict yet. */
async function undecidedPayout(tx: ReconcilerTx, found: Case | null): Promise<string | null> {
  if (found === null || found.objectId === null || !found.transactionId?.startsWith('wd_')) return null;
  const { objectId } = await tx.lockSubject(found.transactionId);
  if (objectId !== found.objectId) return null;
  const verdicts = await tx.verdictsOf(found.transactionId);
  return verdicts.some(({ slot }) => slot === 'payout') ? null : objectId;
}
