/** Something that no rule may settle: a human must look. One per cause and what it is about. */
export interface Case {
  id: string;
  cause: string;
  /** The object's or posting's id, or where there is none the transaction's. */
  about: string;
  transactionId: string | null;
  objectId: string | null;
  /** Ids, statuses and amounts of both sides; nothing personal. */
  evidence: Record<string, unknown>;
  status: CaseStatus;
  /** The user id of who looks after it. */
  assignee: string | null;
  openedAt: Date;
  closedAt: Date | null;
}

/** Where a case stands among all, so that a page can begin behind it. */
export type CasePlace = Pick<Case, 'openedAt' | 'id'>;

/** All that are given must hold. */
export interface CaseFilter {
  status?: CaseStatus | undefined;
  cause?: string | undefined;
}

type CaseStatus = 'open' | 'in_review' | 'resolved' | 'dismissed';

type Step = 'assign' | 'dismiss' | 'resolve';

/** What people may do with a case. Who takes up a dismissed one opens it again; what was resolved stays so. */
const table = {
  open: { assign: 'in_review', dismiss: 'dismissed', resolve: 'resolved' },
  in_review: { assign: 'in_review', dismiss: 'dismissed', resolve: 'resolved' },
  dismissed: { assign: 'in_review', dismiss: null, resolve: null },
  resolved: { assign: null, dismiss: null, resolve: null },
} as const satisfies Record<CaseStatus, Record<Step, CaseStatus | null>>;

export const isOpen = ({ status }: Case): boolean => status === 'open' || status === 'in_review';

/** The case after this step, or null where it is closed to it. `assignee` is for `assign`. */
export function stepped(before: Case, step: Step, at: Date, assignee = before.assignee): Case | null {
  const status = table[before.status][step];
  if (status === null) return null;
  return { ...before, status, assignee, closedAt: status === 'in_review' ? null : at };
}
