import { z } from 'zod';
import { minorUnits, shownAt, shownUuid } from '#libs/contracts';

/** What support and admins are answered; see resources.ts. */

const caseFields = {
  id: shownUuid,
  cause: z.string().meta({ description: 'A stable word, such as `unknown_outcome`.' }),
  status: z.enum(['open', 'in_review', 'resolved', 'dismissed']),
  transaction_id: z.string().nullable(),
  object_id: z.string().nullable(),
  assignee: shownUuid.nullable(),
  evidence: z.looseObject({}).meta({ description: 'Ids, statuses and amounts of both sides.' }),
  opened_at: shownAt,
  closed_at: shownAt.nullable(),
};

export const caseAnswer = z.object(caseFields).meta({ id: 'Case' });

export const proposalAnswer = z
  .object({
    id: z.string(),
    kind: z.enum(['adjustment', 'resolution']),
    case_id: shownUuid.nullable(),
    state: z.enum(['proposed', 'expired', 'rejected', 'approved', 'executed', 'failed']),
    content: z.looseObject({}).meta({ description: 'What is proposed; amounts in minor units.' }),
    content_hash: z.string().meta({ description: 'SHA-256 of the content, hex; in quotes it is the `ETag`.' }),
    proposed_by: shownUuid,
    proposed_at: shownAt,
    expires_at: shownAt,
    decided_by: shownUuid.nullable(),
    decided_at: shownAt.nullable(),
    note: z.string().nullable(),
    failure: z.string().nullable().meta({ description: 'Why the wallet refused it.' }),
  })
  .meta({ id: 'Proposal' });

const verdict = z.object({
  slot: z.string(),
  outcome: z.string(),
  object_id: z.string(),
  amount_minor: minorUnits,
  reason: z.string(),
  decided_at: shownAt,
  evidence: z.looseObject({}),
});

const act = z.object({
  at: shownAt,
  actor_id: shownUuid,
  actor_role: z.enum(['user', 'support', 'admin']),
  action: z.string(),
  proposal_id: z.string().nullable(),
  note: z.string().nullable(),
});

export const wholeCaseAnswer = z
  .object({ ...caseFields, verdicts: z.array(verdict), proposals: z.array(proposalAnswer), history: z.array(act) })
  .meta({ id: 'WholeCase' });
