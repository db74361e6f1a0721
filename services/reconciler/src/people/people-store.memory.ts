import type { MemoryDatabase } from '#libs/db';
import type { Case, CasePlace } from '../cases/case.ts';
import type { Proposal } from '../proposals/proposal.ts';
import type { Act } from './act.ts';
import type { PeopleTx } from './people-store.ts';

type MemoryCases = ReturnType<typeof memoryCases>;

export const memoryCases = (memory: MemoryDatabase) =>
  memory.table<Case>({
    key: (row) => row.id,
    keyConstraint: 'cases_pkey',
    unique: { cases_once: (row) => `${row.cause} ${row.about}` },
  });

const newestFirst = (a: CasePlace, b: CasePlace): number =>
  b.openedAt.getTime() - a.openedAt.getTime() || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);

export function memoryPeople(memory: MemoryDatabase, cases: MemoryCases): PeopleTx {
  const acts = memory.table<Act>({ key: (row) => row.id, keyConstraint: 'acts_pkey' });
  const proposals = memory.table<Proposal>({ key: (row) => row.id, keyConstraint: 'proposals_pkey' });
  return {
    findCase: async (id) => cases.get(id) ?? null,
    lockCase: async (id) => cases.get(id) ?? null,
    putCase: async ({ id, status, assignee, closedAt }) => {
      cases.update(id, { status, assignee, closedAt });
    },
    listCases: async (limit, { status, cause, after } = {}) =>
      cases
        .filter((row) => status === undefined || row.status === status)
        .filter((row) => cause === undefined || row.cause === cause)
        .filter((row) => after === undefined || newestFirst(after, row) < 0)
        .sort(newestFirst)
        .slice(0, limit),

    insertAct: async (act) => acts.insert(act),
    actsOf: async (caseId, limit) => acts.filter((row) => row.caseId === caseId).slice(0, limit),

    findSameProposal: async ({ proposedBy, contentHash, caseId, proposedAt }) =>
      proposals
        .filter((row) => row.state === 'proposed' && row.expiresAt > proposedAt && row.caseId === caseId)
        .find((row) => row.proposedBy === proposedBy && row.contentHash === contentHash) ?? null,
    insertProposal: async (proposal) => proposals.insert(proposal),
    findProposal: async (id) => proposals.get(id) ?? null,
    lockProposal: async (id) => proposals.get(id) ?? null,
    decideProposal: async (id, state, { by, contentHash, at, note }) => {
      const before = proposals.get(id);
      if (before?.state !== 'proposed' || before.contentHash !== contentHash) return false;
      if (before.proposedBy === by) throw new Error('violates check constraint "proposals_two_people"');
      proposals.update(id, { state, decidedBy: by, decidedAt: at, note });
      return true;
    },
    endAdjustment: async (id, failure) => {
      const before = proposals.get(id);
      if (before?.kind !== 'adjustment' || before.state !== 'approved') return false;
      proposals.update(id, { state: failure === null ? 'executed' : 'failed', failure });
      return true;
    },
    listProposals: async (limit, { state, caseId } = {}) =>
      proposals
        .filter(
          (row) => (state === undefined || row.state === state) && (caseId === undefined || row.caseId === caseId),
        )
        .sort((a, b) => b.proposedAt.getTime() - a.proposedAt.getTime() || (a.id < b.id ? -1 : 1))
        .slice(0, limit),
  };
}
