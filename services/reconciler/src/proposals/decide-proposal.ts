import type { Observation } from '#libs/contracts';
import { stepped } from '../cases/case.ts';
import type { Deps } from '../deps.ts';
import { observe } from '../observe.ts';
import { type Person, recordAct } from '../people/act.ts';
import type { ReadDue, ReconcilerTx } from '../reconciler-store.ts';
import { expectedOf } from '../subject.ts';
import type { FreshRead } from '../sweep.ts';
import { announcementOf } from '../verdict.ts';
import { objectionTo, verdictByPeople } from './judge-resolution.ts';
import {
  type AdjustmentContent,
  contentOf,
  type Decided,
  type Proposal,
  type ResolutionContent,
  undecidable,
} from './proposal.ts';

export interface ApproveDeps extends Deps {
  readProvider: (due: ReadDue) => Promise<FreshRead>;
}

export interface Decision {
  proposalId: string;
  person: Person;
  /** The hash of what this person has read. */
  contentHash: string;
  note: string | null;
}

export type DecisionRefusal =
  | 'not_found'
  | NonNullable<ReturnType<typeof undecidable>>
  | NonNullable<ReturnType<typeof objectionTo>>
  | 'provider_unavailable';

/**
 * The second person says yes: an adjustment is told to the wallet, a resolution becomes the ordinary verdict, each in the transaction
 * that decides it. A resolution is held against a fresh read, which goes through the one door first and may itself end the matter.
 */
export async function approveProposal(deps: ApproveDeps, decision: Decision): Promise<Proposal | DecisionRefusal> {
  const before = await deps.transact((tx) => tx.findProposal(decision.proposalId));
  if (before === null) return 'not_found';
  const decided = decidedBy(deps, decision);
  const refusal = undecidable(before, decided);
  if (refusal !== null) return refusal;
  const content = contentOf(before);
  if (content.kind === 'adjustment') return approveAdjustment(deps, decision, decided, content);

  const objectType = content.outcome === 'credit_this_purchase' ? 'purchase' : 'payout';
  const fresh = await deps.readProvider({ objectId: content.object_id, objectType });
  if (fresh.kind !== 'read') return 'provider_unavailable';
  await observe(deps, { observation: fresh.observation, transactionId: content.transaction_id });
  return approveResolution(deps, decision, decided, content, fresh.observation);
}

export const rejectProposal = (deps: Deps, decision: Decision): Promise<Proposal | DecisionRefusal> =>
  deps.transact((tx) => decide(tx, deps, decision, 'rejected', decidedBy(deps, decision)));

const decidedBy = ({ clock }: Deps, { person, contentHash }: Decision): Decided => ({
  by: person.userId,
  contentHash,
  at: clock.now(),
});

const approveAdjustment = (deps: Deps, decision: Decision, decided: Decided, content: AdjustmentContent) =>
  deps.transact(async (tx) => {
    const approved = await decide(tx, deps, decision, 'approved', decided);
    if (typeof approved === 'string') return approved;
    const { user_id, currency, amount_minor, direction } = content;
    const data = { transaction_id: approved.id, user_id, currency, amount_minor, direction };
    await tx.enqueue('reconciler.adjustment-approved.v1', data);
    return approved;
  });

const approveResolution = (
  deps: Deps,
  decision: Decision,
  decided: Decided,
  content: ResolutionContent,
  observed: Observation,
) =>
  deps.transact(async (tx) => {
    // The transaction's row first, as everywhere: whatever decides about it waits here, and the verdicts read next are all there are.
    const expected = expectedOf(await tx.lockSubject(content.transaction_id));
    const verdicts = await tx.verdictsOf(content.transaction_id);
    const objection = objectionTo(content, expected, verdicts, observed, deps.policy);
    if (objection !== null || expected === null) return objection ?? 'nothing_expected';
    const approved = await decide(tx, deps, decision, 'executed', decided);
    if (typeof approved === 'string') return approved;
    const verdict = verdictByPeople(content, expected, observed, decided.at);
    if (!(await tx.insertVerdict(verdict))) throw new Error('a verdict was made under our lock');
    const { type, data } = announcementOf(verdict, expected);
    await tx.enqueue(type, data);
    await closeCase(tx, approved);
    return approved;
  });

async function decide(
  tx: ReconcilerTx,
  deps: Deps,
  { proposalId, person, note }: Decision,
  state: 'approved' | 'executed' | 'rejected',
  decided: Decided,
): Promise<Proposal | DecisionRefusal> {
  const proposal = await tx.lockProposal(proposalId);
  if (proposal === null) return 'not_found';
  const refusal = undecidable(proposal, decided);
  if (refusal !== null) return refusal;
  if (!(await tx.decideProposal(proposalId, state, { ...decided, note }))) throw new Error('decided under our lock');
  const action = `${proposal.kind}_${state === 'rejected' ? 'rejected' : 'approved'}` as const;
  await recordAct(tx, deps, person, { action, caseId: proposal.caseId, proposalId, note });
  return { ...proposal, state, decidedBy: decided.by, decidedAt: decided.at, note };
}

/** With the verdict its question is answered; the approval is in its history. */
async function closeCase(tx: ReconcilerTx, { caseId, decidedAt }: Proposal): Promise<void> {
  const found = caseId === null ? null : await tx.lockCase(caseId);
  const resolved = found !== null && decidedAt !== null ? stepped(found, 'resolve', decidedAt) : null;
  if (resolved !== null) await tx.putCase(resolved);
}
