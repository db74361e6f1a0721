import { z } from 'zod';
import { samples, shownUuid } from '#libs/contracts';
import type { Operation } from '#libs/http';
import { caseAnswer, proposalAnswer, wholeCaseAnswer } from './answer-schemas.ts';
import { deadLetterOperations } from './dead-letters/operations.ts';
import { reportOperations } from './reports/operations.ts';
import {
  adjustmentBody,
  assignBody,
  casesQuery,
  decisionBody,
  noteBody,
  proposalsQuery,
  resolutionBody,
} from './request-schemas.ts';

const { at } = samples;
const theCase = { id: samples.caseId };
const theProposal = { id: samples.adjustmentId };
const grounds = { reason_code: 'bank_confirmed', evidence: 'statement of the day, line 4' };

const aCase = {
  id: samples.caseId,
  cause: 'unknown_outcome',
  status: 'open',
  transaction_id: samples.withdrawalId,
  object_id: 'po_5f1c',
  assignee: null,
  evidence: { expected: 'processing', seen: 'initialized' },
  opened_at: at,
  closed_at: null,
} as const;
const inReview = { ...aCase, status: 'in_review', assignee: samples.adminId } as const;

const aProposal = {
  id: samples.adjustmentId,
  kind: 'adjustment',
  case_id: null,
  state: 'proposed',
  content: { kind: 'adjustment', user_id: samples.userId, currency: 'ZAR', amount_minor: '1500', direction: 'credit' },
  content_hash: samples.etag.slice(1, -1),
  proposed_by: samples.adminId,
  proposed_at: at,
  expires_at: at,
  decided_by: null,
  decided_at: null,
  note: null,
  failure: null,
} as const;
const decided = { ...aProposal, decided_by: samples.userId, decided_at: at, note: 'read and agreed' };

const caseId = { id: shownUuid };
const proposalId = { id: z.string().meta({ description: '`adj_…`, or of a resolution a UUID.' }) };

/** Work of one admin on a case. */
const work = (
  step: string,
  summary: string,
  body: z.ZodType,
  example: unknown,
  own: Partial<Operation>,
): Operation => ({
  id: `${step}Case`,
  method: 'POST',
  path: `/admin/cases/:id/${step}`,
  tag: 'People',
  summary,
  access: 'admin',
  params: caseId,
  body,
  answers: { 200: { description: 'The case as it is now', schema: caseAnswer } },
  problems: ['case_closed'],
  examples: [{ name: 'An open case', params: theCase, body: example, status: 200, answer: inReview }],
  ...own,
});

/** The word of another person than the one who proposed. */
const decision = (
  verb: 'approve' | 'reject',
  summary: string,
  own: Pick<Operation, 'problems' | 'examples'>,
): Operation => ({
  id: `${verb}Proposal`,
  method: 'POST',
  path: `/admin/proposals/:id/${verb}`,
  tag: 'People',
  summary,
  access: 'admin',
  params: proposalId,
  body: decisionBody,
  conditional: true,
  answers: { 200: { description: 'The proposal as it is now', schema: proposalAnswer, tagged: true } },
  ...own,
});

const undecidable = [
  'if_match_missing',
  'content_changed',
  'self_approval',
  'already_decided',
  'proposal_expired',
] as const;

/** The public routes of this service, all for people who look after other people's money (docs/people.md). */
export const operations: readonly Operation[] = [
  {
    id: 'listCases',
    method: 'GET',
    path: '/admin/cases',
    tag: 'People',
    summary: 'Cases: what no rule may settle',
    access: 'staff',
    query: casesQuery,
    answers: {
      200: {
        description: 'Newest first',
        schema: z.object({ data: z.array(caseAnswer), next_cursor: z.string().nullable() }),
      },
    },
    examples: [
      { name: 'What is open', query: { status: 'open' }, status: 200, answer: { data: [aCase], next_cursor: null } },
    ],
  },
  {
    id: 'readCase',
    method: 'GET',
    path: '/admin/cases/:id',
    tag: 'People',
    summary: 'A case with all that belongs to it',
    access: 'staff',
    params: caseId,
    answers: { 200: { description: 'The case', schema: wholeCaseAnswer } },
    examples: [
      {
        name: 'An open case',
        params: theCase,
        status: 200,
        answer: { ...aCase, verdicts: [], proposals: [], history: [] },
      },
    ],
  },
  work('assign', 'Take up a case, or give it to somebody', assignBody, {}, {}),
  work('comment', 'Write something beside a case', noteBody, { note: 'asked the bank' }, {}),
  work(
    'resolve',
    'Close a case that was dealt with',
    noteBody,
    { note: 'done' },
    {
      problems: ['case_closed', 'outcome_unknown'],
      examples: [{ name: 'Not for one person', params: theCase, body: { note: 'done' }, status: 409 }],
    },
  ),
  {
    id: 'proposeResolution',
    method: 'POST',
    path: '/admin/cases/:id/resolutions',
    tag: 'People',
    summary: 'Propose how a payment of unknown outcome ended',
    description: 'Another admin’s approval issues the ordinary verdict.',
    access: 'admin',
    params: caseId,
    body: resolutionBody,
    answers: { 201: { description: 'The proposal', schema: proposalAnswer, tagged: true } },
    problems: ['case_closed', 'nothing_expected', 'already_settled'],
    examples: [
      {
        name: 'The bank says that nothing was paid',
        params: theCase,
        body: { outcome: 'not_executed', ...grounds },
        status: 201,
        answer: { ...aProposal, kind: 'resolution', case_id: samples.caseId },
      },
    ],
  },
  {
    id: 'proposeAdjustment',
    method: 'POST',
    path: '/admin/adjustments',
    tag: 'People',
    summary: 'Propose to correct a balance',
    description: 'Moves nothing before another admin approves.',
    access: 'admin',
    body: adjustmentBody,
    answers: { 201: { description: 'The proposal', schema: proposalAnswer, tagged: true } },
    problems: ['case_closed'],
    examples: [
      {
        name: 'A credit',
        body: { user_id: samples.userId, currency: 'ZAR', amount: '15.00', direction: 'credit', ...grounds },
        status: 201,
        answer: aProposal,
      },
    ],
  },
  {
    id: 'listProposals',
    method: 'GET',
    path: '/admin/proposals',
    tag: 'People',
    summary: 'Proposals, newest first',
    access: 'staff',
    query: proposalsQuery,
    answers: { 200: { description: 'Newest first', schema: z.object({ data: z.array(proposalAnswer) }) } },
    examples: [{ name: 'What waits', query: { state: 'proposed' }, status: 200, answer: { data: [aProposal] } }],
  },
  {
    id: 'readProposal',
    method: 'GET',
    path: '/admin/proposals/:id',
    tag: 'People',
    summary: 'A proposal, with the `ETag` to decide upon',
    access: 'staff',
    params: proposalId,
    answers: { 200: { description: 'The proposal', schema: proposalAnswer, tagged: true } },
    examples: [{ name: 'An adjustment', params: theProposal, status: 200, answer: aProposal }],
  },
  decision('approve', 'Approve what another admin proposed', {
    problems: [...undecidable, 'already_settled', 'contradicted', 'provider_unavailable'],
    examples: [
      {
        name: 'Agreed',
        params: theProposal,
        body: { note: 'read and agreed' },
        status: 200,
        answer: { ...decided, state: 'approved' },
      },
    ],
  }),
  decision('reject', 'Reject what another admin proposed', {
    problems: undecidable,
    examples: [{ name: 'Too late', params: theProposal, body: { note: 'no' }, status: 409 }],
  }),
  work(
    'dismiss',
    'Close a case about which nothing has to be done; whoever takes it up opens it again',
    noteBody,
    { note: 'known' },
    {
      problems: ['case_closed', 'outcome_unknown'],
      examples: [{ name: 'Not while the payout is undecided', params: theCase, body: { note: 'known' }, status: 409 }],
    },
  ),
  ...deadLetterOperations,
  ...reportOperations,
];
