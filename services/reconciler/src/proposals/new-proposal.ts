import { createHash } from 'node:crypto';
import type { Proposal, ProposalContent } from './proposal.ts';

/** A proposal as it is made: its content as the text that stays, and the hash that whoever decides must name. */
export function newProposal(
  content: ProposalContent,
  made: Pick<Proposal, 'id' | 'caseId' | 'proposedBy' | 'proposedAt' | 'expiresAt'>,
): Proposal {
  const text = JSON.stringify(content);
  const undecided = { state: 'proposed', decidedBy: null, decidedAt: null, note: null, failure: null } as const;
  const contentHash = createHash('sha256').update(text).digest('hex');
  return { ...made, kind: content.kind, content: text, contentHash, ...undecided };
}
