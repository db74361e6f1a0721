import type { Case } from './cases/case.ts';
import type { Act } from './people/act.ts';
import type { Proposal } from './proposals/proposal.ts';
import type { Verdict } from './verdict.ts';

/** What support and admins are shown. Amounts stay minor units: it is the evidence, as it was compared. */

export const shownCase = (found: Case) => ({
  id: found.id,
  cause: found.cause,
  status: found.status,
  transaction_id: found.transactionId,
  object_id: found.objectId,
  assignee: found.assignee,
  evidence: found.evidence,
  opened_at: found.openedAt.toISOString(),
  closed_at: found.closedAt?.toISOString() ?? null,
});

export const shownVerdict = ({ slot, outcome, objectId, amountMinor, reason, decidedAt, evidence }: Verdict) => ({
  slot,
  outcome,
  object_id: objectId,
  amount_minor: amountMinor.toString(),
  reason,
  decided_at: decidedAt.toISOString(),
  evidence,
});

export const shownAct = ({ at, actorId, actorRole, action, proposalId, note }: Act) => ({
  at: at.toISOString(),
  actor_id: actorId,
  actor_role: actorRole,
  action,
  proposal_id: proposalId,
  note,
});

export const shownProposal = (proposal: Proposal, now: Date) => ({
  id: proposal.id,
  kind: proposal.kind,
  case_id: proposal.caseId,
  state: proposal.state === 'proposed' && now >= proposal.expiresAt ? 'expired' : proposal.state,
  content: JSON.parse(proposal.content) as unknown,
  content_hash: proposal.contentHash,
  proposed_by: proposal.proposedBy,
  proposed_at: proposal.proposedAt.toISOString(),
  expires_at: proposal.expiresAt.toISOString(),
  decided_by: proposal.decidedBy,
  decided_at: proposal.decidedAt?.toISOString() ?? null,
  note: proposal.note,
  failure: proposal.failure,
});
