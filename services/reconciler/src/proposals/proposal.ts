import { z } from 'zod';
import { currency, foreignId, minorUnits, transactionId, userId } from '#libs/contracts';

/** Why, twice: as a stable word to group by, and in the person's own words, with where it can be looked up. */
const grounds = { reason_code: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/), evidence: z.string().min(1).max(2_000) };

const adjustmentContent = z.strictObject({
  kind: z.literal('adjustment'),
  user_id: userId,
  currency,
  amount_minor: minorUnits,
  direction: z.enum(['credit', 'debit']),
  ...grounds,
});

const resolutionContent = z.strictObject({
  kind: z.literal('resolution'),
  transaction_id: transactionId,
  object_id: foreignId,
  outcome: z.enum(['executed', 'not_executed', 'credit_this_purchase']),
  /** What `credit_this_purchase` credits; null for the others, whose amount was held. */
  amount_minor: minorUnits.nullable(),
  ...grounds,
});

const proposalContent = z.discriminatedUnion('kind', [adjustmentContent, resolutionContent]);

export type AdjustmentContent = z.infer<typeof adjustmentContent>;
export type ResolutionContent = z.infer<typeof resolutionContent>;
export type ProposalContent = z.infer<typeof proposalContent>;

/** What one admin proposes and another decides (REQUIREMENTS R4). */
export interface Proposal {
  /** `adj_…`, which is the posting's source id; of a resolution a UUID. */
  id: string;
  kind: ProposalContent['kind'];
  caseId: string | null;
  /** ProposalContent as JSON text, frozen with its hash: the database takes neither another text nor another hash. */
  content: string;
  /** SHA-256 of `content`, hex. */
  contentHash: string;
  proposedBy: string;
  proposedAt: Date;
  expiresAt: Date;
  state: 'proposed' | 'rejected' | 'approved' | 'executed' | 'failed';
  decidedBy: string | null;
  decidedAt: Date | null;
  /** Of who decided. */
  note: string | null;
  /** Why the wallet refused an approved adjustment. */
  failure: string | null;
}

/** Who decides, upon what they have read. */
export interface Decided {
  by: string;
  contentHash: string;
  at: Date;
}

type Undecidable = 'already_decided' | 'self_approval' | 'content_changed' | 'proposal_expired';

/** Why this person may not decide this proposal; null if they may. The database holds the same rules. */
export function undecidable(proposal: Proposal, { by, contentHash, at }: Decided): Undecidable | null {
  if (proposal.state !== 'proposed') return 'already_decided';
  if (proposal.proposedBy === by) return 'self_approval';
  if (proposal.contentHash !== contentHash) return 'content_changed';
  return at < proposal.expiresAt ? null : 'proposal_expired';
}

export const contentOf = ({ content }: Proposal): ProposalContent => proposalContent.parse(JSON.parse(content));
