import { Problem } from '#libs/http';
import type { CaseRefusal } from './cases/work-on-case.ts';
import type { DiscardRefusal } from './dead-letters/discard-dead-letter.ts';
import type { ReplayRefusal } from './dead-letters/start-replay.ts';
import type { DecisionRefusal } from './proposals/decide-proposal.ts';

/** Every refusal of this service; what each says stands in the catalogue of libs/http. */
type Code =
  | CaseRefusal
  | DecisionRefusal
  | DiscardRefusal
  | ReplayRefusal
  | 'replay_ended'
  | 'day_not_begun'
  | 'forbidden'
  | 'if_match_missing';

export const problem = (code: Code): Problem => new Problem(code);
