import { Problem } from '#libs/http';
import type { CaseRefusal } from './cases/work-on-case.ts';
import type { DecisionRefusal } from './proposals/decide-proposal.ts';

type Code = CaseRefusal | DecisionRefusal | 'forbidden' | 'if_match_missing';

const problems: Record<Code, { status: number; title: string }> = {
  not_found: { status: 404, title: 'There is nothing here' },
  forbidden: { status: 403, title: 'The token does not permit this' },
  case_closed: { status: 409, title: 'The case is closed' },
  outcome_unknown: { status: 409, title: 'Only a resolution of two people ends a payout whose outcome is unknown' },
  nothing_expected: { status: 409, title: 'There is no transaction and object of ours that this could decide' },
  if_match_missing: { status: 428, title: 'If-Match must name the content that was read' },
  content_changed: { status: 412, title: 'The proposal is not the one that was read' },
  self_approval: { status: 403, title: 'Another person than the one who proposed it must decide' },
  already_decided: { status: 409, title: 'The proposal was decided before' },
  proposal_expired: { status: 409, title: 'The proposal has expired' },
  already_settled: { status: 409, title: 'There is a verdict already' },
  contradicted: { status: 409, title: 'What Revio says at this moment speaks against it' },
  provider_unavailable: { status: 503, title: 'Revio cannot be asked at this moment; nothing was decided' },
};

export const problem = (code: Code): Problem =>
  new Problem(code, problems[code].status, { title: problems[code].title });
