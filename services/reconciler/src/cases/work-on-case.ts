import type { Deps } from '../deps.ts';
import { type Action, type Person, recordAct } from '../people/act.ts';
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
 * A person's step on a case, with its trace. A comment can always be made. A withdrawal that nobody has decided is not resolved by
 * saying so: its money is held, and only a verdict ends that.
 */
export const workOnCase = (deps: Deps, caseId: string, person: Person, work: CaseWork): Promise<Case | CaseRefusal> =>
  deps.transact(async (tx) => {
    const before = await tx.lockCase(caseId);
    if (before === null) return 'not_found';
    const assignee = work.step === 'assign' ? work.assignee : undefined;
    const after = work.step === 'comment' ? before : stepped(before, work.step, deps.clock.now(), assignee);
    if (after === null) return 'case_closed';
    if (work.step === 'resolve' && before.cause === 'unknown_outcome' && before.transactionId !== null) {
      const verdicts = await tx.verdictsOf(before.transactionId);
      if (!verdicts.some(({ slot }) => slot === 'payout')) return 'outcome_unknown';
    }
    await tx.putCase(after);
    const note = work.step === 'assign' ? work.assignee : work.note;
    await recordAct(tx, deps, person, { action: actions[work.step], caseId, note });
    return after;
  });
