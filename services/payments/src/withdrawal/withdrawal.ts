/** What the wallet tells about a withdrawal's hold; each is a fact of the ledger, and the only way to an end (DESIGN section 4). */
export type HoldFact =
  | { fact: 'held' }
  /** The wallet's first decision was no, and it is final: nothing is or will be held. */
  | { fact: 'refused'; reason: string; members?: Readonly<Record<string, unknown>> }
  /** The hold was paid out. */
  | { fact: 'posted' }
  /** The hold is back in the available balance, or will never be placed. */
  | { fact: 'voided'; reason: string };

export type WithdrawalStatus = 'pending' | 'processing' | 'voiding' | 'completed' | 'failed' | 'cancelled';

export type WithdrawalDecision =
  | {
      accepted: true;
      status: 'completed' | 'failed' | 'cancelled';
      reason: string | null;
      members?: Readonly<Record<string, unknown>>;
    }
  | { accepted: true; status: 'reserved' }
  | { accepted: false };

/** The reason that a user's cancellation leaves on the row while the hold is on its way back. */
export const cancelledByUser = 'cancelled_by_user';
/** The same of an admin's rejection. */
export const rejectedByAdmin = 'rejected_by_admin';

/**
 * The life of a withdrawal as the wallet's facts drive it. Read a row as: in this status, this fact leads there; `ignore` is a
 * repetition or comes too late to matter. Two steps are not here because they race each other in the database, where one
 * conditional UPDATE each decides: `pending → processing` (the intent to execute) and `pending → voiding` (cancelled by the user, or
 * refused by Revio before any intent).
 *
 * `reserved` keeps the status pending: the amount is held and the payout may begin. A hold is either posted or voided, never both
 * (the wallet's constraint), so any order and repetition of one hold's facts ends in the same status.
 */
const table = {
  pending: { held: 'reserved', refused: 'ended', posted: 'completed', voided: 'ended' },
  processing: { held: 'ignore', refused: 'ignore', posted: 'completed', voided: 'ended' },
  voiding: { held: 'ignore', refused: 'ended', posted: 'completed', voided: 'ended' },
  completed: { held: 'ignore', refused: 'ignore', posted: 'ignore', voided: 'ignore' },
  failed: { held: 'ignore', refused: 'ignore', posted: 'ignore', voided: 'ignore' },
  cancelled: { held: 'ignore', refused: 'ignore', posted: 'ignore', voided: 'ignore' },
} as const satisfies Record<WithdrawalStatus, Record<HoldFact['fact'], 'reserved' | 'completed' | 'ended' | 'ignore'>>;

/** `reason` is the row's own: in `voiding` it says who asked for the void, and so how the withdrawal ends. */
export function decideWithdrawal(
  current: { status: WithdrawalStatus; reason: string | null },
  told: HoldFact,
): WithdrawalDecision {
  const next = table[current.status][told.fact];
  if (next === 'ignore') return { accepted: false };
  if (next === 'reserved') return { accepted: true, status: 'reserved' };
  if (next === 'completed') return { accepted: true, status: 'completed', reason: null };
  const reason = current.reason ?? ('reason' in told ? told.reason : null);
  const members = 'members' in told && told.members !== undefined ? { members: told.members } : {};
  return { accepted: true, status: reason === cancelledByUser ? 'cancelled' : 'failed', reason, ...members };
}
