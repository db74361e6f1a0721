import type { Sql } from '#libs/db';
import type { Case, CaseFilter, CasePlace } from '../cases/case.ts';
import type { Decided, Proposal } from '../proposals/proposal.ts';
import type { Act } from './act.ts';

/** What one transaction may do with what people do. A case's row is locked after subjects, objects and the proposal. */
export interface PeopleTx {
  findCase(id: string): Promise<Case | null>;
  lockCase(id: string): Promise<Case | null>;
  /** Writes status, assignee and closing time; the rest never changes. */
  putCase(changed: Case): Promise<void>;
  /** Newest first, those behind `after` only. */
  listCases(limit: number, which?: CaseFilter & { after?: CasePlace | undefined }): Promise<Case[]>;

  insertAct(act: Act): Promise<void>;
  /** Oldest first. */
  actsOf(caseId: string, limit: number): Promise<Act[]>;

  /** The same person's undecided proposal of the same content about the same case; until our end nobody else makes one. */
  findSameProposal(proposal: Proposal): Promise<Proposal | null>;
  insertProposal(proposal: Proposal): Promise<void>;
  findProposal(id: string): Promise<Proposal | null>;
  lockProposal(id: string): Promise<Proposal | null>;
  /** False if it was decided before, or its content is not what was read. The database refuses the rest (see the migration). */
  decideProposal(
    id: string,
    state: Exclude<Proposal['state'], 'proposed' | 'failed'>,
    decided: Decided & { note: string | null },
  ): Promise<boolean>;
  /** What became of an approved adjustment: failed with a reason, executed with null. False if it had ended before. */
  endAdjustment(id: string, failure: string | null): Promise<boolean>;
  /** Newest first; of one case if given. */
  listProposals(limit: number, which?: { state?: Proposal['state']; caseId?: string }): Promise<Proposal[]>;
}

const caseColumns = `id, cause, about, transaction_id AS "transactionId", object_id AS "objectId", evidence, status,
  assignee, opened_at AS "openedAt", closed_at AS "closedAt"`;

const actColumns = `id, at, actor_id AS "actorId", actor_role AS "actorRole", action, case_id AS "caseId",
  proposal_id AS "proposalId", about, note`;

const proposalColumns = `id, kind, case_id AS "caseId", content, content_hash AS "contentHash", proposed_by AS "proposedBy",
  proposed_at AS "proposedAt", expires_at AS "expiresAt", state, decided_by AS "decidedBy", decided_at AS "decidedAt", note,
  failure`;

export const postgresPeople = (sql: Sql): PeopleTx => ({
  findCase: async (id) => (await sql.rows<Case>(`SELECT ${caseColumns} FROM cases WHERE id = $1`, [id]))[0] ?? null,
  lockCase: async (id) =>
    (await sql.rows<Case>(`SELECT ${caseColumns} FROM cases WHERE id = $1 FOR UPDATE`, [id]))[0] ?? null,
  putCase: async ({ id, status, assignee, closedAt }) => {
    await sql.run('UPDATE cases SET status = $2, assignee = $3, closed_at = $4 WHERE id = $1', [
      id,
      status,
      assignee,
      closedAt,
    ]);
  },
  listCases: (limit, { status, cause, after } = {}) =>
    sql.rows<Case>(
      `SELECT ${caseColumns} FROM cases
       WHERE ($2::text IS NULL OR status = $2) AND ($3::text IS NULL OR cause = $3)
         AND ($5::uuid IS NULL OR (opened_at, id) < ($4::timestamptz, $5))
       ORDER BY opened_at DESC, id DESC LIMIT $1`,
      [limit, status ?? null, cause ?? null, after?.openedAt ?? null, after?.id ?? null],
    ),

  insertAct: async ({ id, at, actorId, actorRole, action, caseId, proposalId, about, note }) => {
    await sql.run(
      `INSERT INTO acts (id, at, actor_id, actor_role, action, case_id, proposal_id, about, note)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [id, at, actorId, actorRole, action, caseId, proposalId, about, note],
    );
  },
  actsOf: (caseId, limit) =>
    sql.rows<Act>(`SELECT ${actColumns} FROM acts WHERE case_id = $1 ORDER BY sequence LIMIT $2`, [caseId, limit]),
  ...postgresProposals(sql),
});

type Proposals = Omit<PeopleTx, 'findCase' | 'lockCase' | 'putCase' | 'listCases' | 'insertAct' | 'actsOf'>;

function postgresProposals(sql: Sql): Proposals {
  const select = `SELECT ${proposalColumns} FROM proposals`;
  return {
    findSameProposal: async ({ proposedBy, contentHash, caseId, proposedAt }) => {
      // A lock of this text, since there is no row yet. Not a unique index: one that has expired stays `proposed`, and hinders nobody.
      await sql.run('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`proposal ${proposedBy} ${contentHash}`]);
      const [same] = await sql.rows<Proposal>(
        `${select} WHERE state = 'proposed' AND proposed_by = $1 AND content_hash = $2 AND case_id IS NOT DISTINCT FROM $3
           AND expires_at > $4
         ORDER BY proposed_at LIMIT 1`,
        [proposedBy, contentHash, caseId, proposedAt],
      );
      return same ?? null;
    },
    insertProposal: async (p) => {
      await sql.run(
        `INSERT INTO proposals (id, kind, case_id, content, content_hash, proposed_by, proposed_at, expires_at, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [p.id, p.kind, p.caseId, p.content, p.contentHash, p.proposedBy, p.proposedAt, p.expiresAt, p.state],
      );
    },
    findProposal: async (id) => (await sql.rows<Proposal>(`${select} WHERE id = $1`, [id]))[0] ?? null,
    lockProposal: async (id) => (await sql.rows<Proposal>(`${select} WHERE id = $1 FOR UPDATE`, [id]))[0] ?? null,
    decideProposal: async (id, state, { by, contentHash, at, note }) => {
      const decided = await sql.run(
        `UPDATE proposals SET state = $2, decided_by = $3, decided_at = $4, note = $5
         WHERE id = $1 AND state = 'proposed' AND content_hash = $6`,
        [id, state, by, at, note, contentHash],
      );
      return decided === 1;
    },
    endAdjustment: async (id, failure) => {
      const ended = await sql.run(
        `UPDATE proposals SET state = $2, failure = $3 WHERE id = $1 AND kind = 'adjustment' AND state = 'approved'`,
        [id, failure === null ? 'executed' : 'failed', failure],
      );
      return ended === 1;
    },
    listProposals: (limit, { state, caseId } = {}) =>
      sql.rows<Proposal>(
        `${select} WHERE ($2::text IS NULL OR state = $2) AND ($3::uuid IS NULL OR case_id = $3)
         ORDER BY proposed_at DESC, id LIMIT $1`,
        [limit, state ?? null, caseId ?? null],
      ),
  };
}
