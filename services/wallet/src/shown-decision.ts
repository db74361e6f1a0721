import type { HoldDecision } from '#libs/contracts';
import type { Hold } from './ledger/ledger.ts';
import { resetsAt } from './ledger/limits.ts';

/** What payments is told of the one decision about a withdrawal's money. */
export const shownDecision = ({ transactionId, refusal, ...limit }: Hold): HoldDecision => ({
  transaction_id: transactionId,
  decision: refusal === null ? 'held' : 'refused',
  reason: refusal,
  ...shownLimit(refusal, limit),
});

function shownLimit(
  refusal: Hold['refusal'],
  { countedOn, limitMinor, leftMinor }: Pick<Hold, 'countedOn' | 'limitMinor' | 'leftMinor'>,
): Pick<HoldDecision, 'limit'> {
  if (refusal !== 'daily_limit_exceeded' && refusal !== 'monthly_limit_exceeded') return {};
  if (countedOn === null || limitMinor === null || leftMinor === null) throw new Error('a limit that nobody can name');
  const resets_at = resetsAt(refusal, countedOn).toISOString();
  return { limit: { amount_minor: String(limitMinor), left_minor: String(leftMinor), resets_at } };
}
