import type { Currency } from '#libs/money';
import { newId } from '#libs/runtime';
import { isOpen } from '../cases/case.ts';
import type { Deps } from '../deps.ts';
import { type Person, recordAct } from '../people/act.ts';
import type { ReconcilerTx } from '../reconciler-store.ts';
import { newProposal } from './new-proposal.ts';
import type { Proposal, ProposalContent, ResolutionContent } from './proposal.ts';

export interface ProposeDeps extends Deps {
  /** From the proposal until nobody may approve it any more. */
  proposalTtlMs: number;
}

interface Grounds {
  reasonCode: string;
  evidence: string;
}

export interface AdjustmentIdea extends Grounds {
  userId: string;
  currency: Currency;
  amountMinor: bigint;
  direction: 'credit' | 'debit';
  caseId: string | null;
}

/** One admin's half of an adjustment: nothing moves until another approves exactly this. */
export const proposeAdjustment = (deps: ProposeDeps, person: Person, idea: AdjustmentIdea) =>
  deps.transact(async (tx): Promise<Proposal | 'not_found'> => {
    const { userId, currency, amountMinor, direction, reasonCode, evidence, caseId } = idea;
    if (caseId !== null && (await tx.lockCase(caseId)) === null) return 'not_found';
    return propose(tx, deps, person, newId('adj'), caseId, {
      kind: 'adjustment',
      user_id: userId,
      currency,
      amount_minor: amountMinor.toString(),
      direction,
      reason_code: reasonCode,
      evidence,
    });
  });

export interface ResolutionIdea extends Grounds {
  caseId: string;
  outcome: ResolutionContent['outcome'];
  /** Of the purchase that is to be credited; null for a payout. */
  amountMinor: bigint | null;
}

/** One admin's word on how a case's transaction really ended, about the object that the case names or else the one we know. */
export const proposeResolution = (deps: ProposeDeps, person: Person, idea: ResolutionIdea) =>
  deps.transact(async (tx): Promise<Proposal | 'not_found' | 'case_closed' | 'nothing_expected'> => {
    const { caseId, outcome, amountMinor, reasonCode, evidence } = idea;
    const found = await tx.lockCase(caseId);
    if (found === null) return 'not_found';
    if (!isOpen(found)) return 'case_closed';
    const { transactionId, objectId } = found;
    if (transactionId === null || objectId === null) return 'nothing_expected';
    return propose(tx, deps, person, deps.newUuid(), caseId, {
      kind: 'resolution',
      transaction_id: transactionId,
      object_id: objectId,
      outcome,
      amount_minor: amountMinor?.toString() ?? null,
      reason_code: reasonCode,
      evidence,
    });
  });

async function propose(
  tx: ReconcilerTx,
  deps: ProposeDeps,
  person: Person,
  id: string,
  caseId: string | null,
  content: ProposalContent,
): Promise<Proposal> {
  const proposedAt = deps.clock.now();
  const expiresAt = new Date(proposedAt.getTime() + deps.proposalTtlMs);
  const proposal = newProposal(content, { id, caseId, proposedBy: person.userId, proposedAt, expiresAt });
  // Whoever repeats it because the answer was lost must not have proposed it twice.
  const same = await tx.findSameProposal(proposal);
  if (same !== null) return same;
  await tx.insertProposal(proposal);
  await recordAct(tx, deps, person, { action: `${content.kind}_proposed`, caseId, proposalId: id });
  return proposal;
}
