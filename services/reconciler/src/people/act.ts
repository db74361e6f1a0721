import type { UserActor } from '#libs/auth';
import type { Deps } from '../deps.ts';
import type { ReconcilerTx } from '../reconciler-store.ts';

/** Support or an admin, as the gateway's token names them. */
export type Person = Pick<UserActor, 'userId' | 'role'>;

export type Action =
  | 'case_assigned'
  | 'case_commented'
  | 'case_dismissed'
  | 'case_resolved'
  | 'adjustment_proposed'
  | 'adjustment_approved'
  | 'adjustment_rejected'
  | 'resolution_proposed'
  | 'resolution_approved'
  | 'resolution_rejected'
  | 'dead_letter_replay_started'
  | 'dead_letter_replay_cancelled'
  | 'dead_letter_discarded'
  | 'statement_imported'
  | 'report_requested';

/** One thing that a person did. Never changed or deleted. */
export interface Act {
  id: string;
  at: Date;
  actorId: string;
  actorRole: Person['role'];
  action: Action;
  caseId: string | null;
  proposalId: string | null;
  /** Where it is neither a case nor a proposal. */
  about: string | null;
  /** In the person's own words; it stays here. */
  note: string | null;
}

/** Writes the act beside what it did, in the same transaction, and tells that it happened (REQUIREMENTS A7). */
export async function recordAct(
  tx: Pick<ReconcilerTx, 'insertAct' | 'enqueue'>,
  { newUuid, clock }: Pick<Deps, 'newUuid' | 'clock'>,
  { userId, role }: Person,
  { action, caseId = null, proposalId = null, about = null, note = null }: Pick<Act, 'action'> & Partial<Act>,
): Promise<void> {
  const subject = proposalId ?? caseId ?? about;
  if (subject === null) throw new Error(`${action} is about nothing`);
  const act: Act = {
    id: newUuid(),
    at: clock.now(),
    actorId: userId,
    actorRole: role,
    action,
    caseId,
    proposalId,
    about,
    note,
  };
  await tx.insertAct(act);
  await tx.enqueue('reconciler.audited.v1', { act_id: act.id, actor_id: userId, action, about: subject });
}
