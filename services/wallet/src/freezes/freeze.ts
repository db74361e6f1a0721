import type { Owner } from '../ledger/ledger.ts';

/**
 * While it lasts nothing new is held: of one wallet, or of all of them (`owner` null). What is held still ends, and deposits still
 * land. It is lifted by two admins, one who proposes and another who releases; the database refuses anything less.
 */
export type Freeze = {
  id: string;
  owner: Owner | null;
  /** A stable word. */
  reason: string;
  /** An admin's user id, `checker`, or `case:` and the id of the case in which the reconciler found a contradiction. */
  frozenBy: string;
  frozenAt: Date;
  releaseProposedBy: string | null;
  releaseProposedAt: Date | null;
  releasedBy: string | null;
  releasedAt: Date | null;
};
