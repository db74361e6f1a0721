import type { Observation } from '#libs/contracts';
import type { Sql } from '#libs/db';
import { type MessageSource, type MessageTx, postgresMessages } from '#libs/messaging';
import type { Case } from './cases/case.ts';
import type { Movement } from './conservation/movement.ts';
import { type PeopleTx, postgresPeople } from './people/people-store.ts';
import { type ObservedMoveTx, postgresObservedMoves } from './reports/observed-move-store.ts';
import { newObject, newSubject, type ProviderObject, type Subject } from './subject.ts';
import type { Verdict } from './verdict.ts';

/** An observation that waits for its expectation or for a fresh read. */
export interface Waiting {
  id: string;
  objectId: string;
  /** The webhook delivery that brought it; null for payments' own observations. */
  deliveryId: string | null;
  observation: Observation;
  parkedAt: Date;
  triedAt: Date;
}

export interface ReadDue {
  objectId: string;
  objectType: 'purchase' | 'payout';
}

/**
 * What one transaction may do. Locks are taken in one order everywhere, the transaction's row and then objects' rows by their id:
 * so expectation and observation always meet on a row that both have locked, whichever comes first, and nobody waits in a circle.
 */
export interface ReconcilerTx extends MessageTx, PeopleTx, ObservedMoveTx {
  /** Whose object this is, without a lock. It never changes once it is known. */
  transactionOf(objectId: string): Promise<string | null>;
  /** Makes the row if there is none, and locks it until the end of the transaction. */
  lockSubject(transactionId: string): Promise<Subject>;
  lockObject(objectId: string, objectType: ProviderObject['objectType']): Promise<ProviderObject>;
  /** Locks all objects of the transaction, in the order of their ids. The subject is locked before. */
  lockObjectsOf(transactionId: string): Promise<ProviderObject[]>;
  putSubject(subject: Subject): Promise<void>;
  putObject(object: ProviderObject): Promise<void>;

  verdictsOf(transactionId: string): Promise<Verdict[]>;
  /** False if its slot is taken: it was decided before. */
  insertVerdict(verdict: Verdict): Promise<boolean>;
  /** False if there is a case of this cause about the same thing. */
  insertCase(opened: Case): Promise<boolean>;
  /** The first word stands: a movement is never changed. `placeId`: the object whose row says whose it is. */
  noteMovement(movement: Movement & { placeId: string; notedAt: Date }): Promise<void>;

  waitingOn(objectId: string, limit: number): Promise<Waiting[]>;
  insertWaiting(waiting: Waiting): Promise<void>;
  deleteWaiting(id: string): Promise<void>;
  /** Objects that something waits on, untried since, longest untried first; they count as tried now. */
  takeWaitingObjects(untriedSince: Date, now: Date, limit: number): Promise<string[]>;
  /** Open subjects requested before, for which no object ever turned up and no case was opened, oldest first. */
  subjectsWithoutObject(requestedBefore: Date, limit: number): Promise<string[]>;

  /**
   * Takes due reads, oldest first, by moving them to `leasedUntil`: two sweepers never share one, and what a killed sweeper took is
   * due again then.
   */
  takeDueReads(now: Date, leasedUntil: Date, limit: number): Promise<ReadDue[]>;
  /** Gives back what could not be read, unless it was scheduled anew meanwhile. */
  postponeReads(objectIds: readonly string[], leasedUntil: Date, until: Date): Promise<void>;
}

const subjectColumns = `transaction_id AS "transactionId", user_id AS "userId", currency, amount_minor AS "amountMinor",
  object_id AS "objectId", requested_at AS "requestedAt", due_at AS "dueAt", execute_sent_at AS "executeSentAt",
  ended_at AS "endedAt", ended_as AS "endedAs", reported_at AS "reportedAt", traceparent`;

const objectColumns = `object_id AS "objectId", object_type AS "objectType", transaction_id AS "transactionId",
  last_status AS "lastStatus", last_updated_on AS "lastUpdatedOn", read_status AS "readStatus",
  read_updated_on AS "readUpdatedOn", read_at AS "readAt", absences, reads, failed_reads AS "failedReads",
  read_failed_at AS "readFailedAt", next_read_at AS "nextReadAt"`;

const verdictColumns = `slot, source_id AS "sourceId", transaction_id AS "transactionId", outcome, object_id AS "objectId",
  amount_minor AS "amountMinor", reason, updated_on AS "updatedOn", decided_at AS "decidedAt", evidence`;

const waitingColumns = `id, object_id AS "objectId", delivery_id AS "deliveryId", observation, parked_at AS "parkedAt",
  tried_at AS "triedAt"`;

export const postgresReconcilerTx = (sql: Sql, messages: MessageSource): ReconcilerTx => ({
  ...postgresMessages(sql, messages),
  ...subjectsAndObjects(sql),
  ...verdictsAndCases(sql),
  ...postgresPeople(sql),
  ...postgresObservedMoves(sql),
  ...waitingRoom(sql),
  ...dueReads(sql),
});

type SubjectsAndObjects = Pick<
  ReconcilerTx,
  'transactionOf' | 'lockSubject' | 'lockObject' | 'lockObjectsOf' | 'putSubject' | 'putObject'
>;

function subjectsAndObjects(sql: Sql): SubjectsAndObjects {
  return {
    transactionOf: async (objectId) => {
      const [found] = await sql.rows<{ transactionId: string | null }>(
        'SELECT transaction_id AS "transactionId" FROM objects WHERE object_id = $1',
        [objectId],
      );
      return found?.transactionId ?? null;
    },
    // The update that changes nothing is the lock: DO NOTHING would return no row, and a SELECT after it is one round trip more.
    lockSubject: async (transactionId) => {
      const [row] = await sql.rows<Subject>(
        `INSERT INTO subjects (transaction_id) VALUES ($1)
         ON CONFLICT (transaction_id) DO UPDATE SET transaction_id = excluded.transaction_id
         RETURNING ${subjectColumns}`,
        [transactionId],
      );
      return row ?? newSubject(transactionId);
    },
    lockObject: async (objectId, objectType) => {
      const [row] = await sql.rows<ProviderObject>(
        `INSERT INTO objects (object_id, object_type) VALUES ($1, $2)
         ON CONFLICT (object_id) DO UPDATE SET object_id = excluded.object_id
         RETURNING ${objectColumns}`,
        [objectId, objectType],
      );
      return row ?? newObject(objectId, objectType);
    },
    lockObjectsOf: (transactionId) =>
      sql.rows<ProviderObject>(
        `SELECT ${objectColumns} FROM objects WHERE transaction_id = $1 ORDER BY object_id FOR UPDATE`,
        [transactionId],
      ),
    putSubject: async (s) => {
      await sql.run(
        `UPDATE subjects SET user_id = $2, currency = $3, amount_minor = $4, object_id = $5, requested_at = $6, due_at = $7,
           execute_sent_at = $8, ended_at = $9, ended_as = $10, reported_at = $11, traceparent = $12
         WHERE transaction_id = $1`,
        [
          s.transactionId,
          s.userId,
          s.currency,
          s.amountMinor,
          s.objectId,
          s.requestedAt,
          s.dueAt,
          s.executeSentAt,
          s.endedAt,
          s.endedAs,
          s.reportedAt,
          s.traceparent,
        ],
      );
    },
    putObject: async (o) => {
      await sql.run(
        `UPDATE objects SET transaction_id = $2, last_status = $3, last_updated_on = $4, read_status = $5,
           read_updated_on = $6, read_at = $7, absences = $8, reads = $9, failed_reads = $10, read_failed_at = $11,
           next_read_at = $12
         WHERE object_id = $1`,
        [
          o.objectId,
          o.transactionId,
          o.lastStatus,
          o.lastUpdatedOn,
          o.readStatus,
          o.readUpdatedOn,
          o.readAt,
          o.absences,
          o.reads,
          o.failedReads,
          o.readFailedAt,
          o.nextReadAt,
        ],
      );
    },
  };
}

function verdictsAndCases(
  sql: Sql,
): Pick<ReconcilerTx, 'verdictsOf' | 'insertVerdict' | 'insertCase' | 'noteMovement'> {
  return {
    verdictsOf: (transactionId) =>
      sql.rows<Verdict>(`SELECT ${verdictColumns} FROM verdicts WHERE transaction_id = $1 ORDER BY id`, [
        transactionId,
      ]),
    insertVerdict: async (v) => {
      const inserted = await sql.run(
        `INSERT INTO verdicts (slot, source_id, transaction_id, outcome, object_id, amount_minor, reason, updated_on,
           decided_at, evidence)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (slot, source_id) DO NOTHING`,
        [
          v.slot,
          v.sourceId,
          v.transactionId,
          v.outcome,
          v.objectId,
          v.amountMinor,
          v.reason,
          v.updatedOn,
          v.decidedAt,
          JSON.stringify(v.evidence),
        ],
      );
      return inserted === 1;
    },
    insertCase: async (c) => {
      const inserted = await sql.run(
        `INSERT INTO cases (id, cause, about, transaction_id, object_id, evidence, status, opened_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (cause, about) DO NOTHING`,
        [c.id, c.cause, c.about, c.transactionId, c.objectId, JSON.stringify(c.evidence), c.status, c.openedAt],
      );
      return inserted === 1;
    },
    noteMovement: async ({ objectId, kind, placeId, currency, amountMinor, notedAt }) => {
      await sql.run(
        `INSERT INTO provider_movements (object_id, kind, place_id, currency, amount_minor, noted_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (object_id, kind) DO NOTHING`,
        [objectId, kind, placeId, currency, amountMinor, notedAt],
      );
    },
  };
}

function waitingRoom(
  sql: Sql,
): Pick<
  ReconcilerTx,
  'waitingOn' | 'insertWaiting' | 'deleteWaiting' | 'takeWaitingObjects' | 'subjectsWithoutObject'
> {
  return {
    waitingOn: (objectId, limit) =>
      sql.rows<Waiting>(`SELECT ${waitingColumns} FROM waiting WHERE object_id = $1 ORDER BY parked_at, id LIMIT $2`, [
        objectId,
        limit,
      ]),
    insertWaiting: async (w) => {
      await sql.run(
        `INSERT INTO waiting (id, object_id, delivery_id, observation, parked_at, tried_at)
         VALUES ($1, $2, $3, $4, $5, $6)`,
        [w.id, w.objectId, w.deliveryId, JSON.stringify(w.observation), w.parkedAt, w.triedAt],
      );
    },
    deleteWaiting: async (id) => {
      await sql.run('DELETE FROM waiting WHERE id = $1', [id]);
    },
    takeWaitingObjects: async (untriedSince, now, limit) => {
      const taken = await sql.rows<{ objectId: string }>(
        `WITH untried AS MATERIALIZED (
           SELECT object_id FROM waiting WHERE tried_at < $1 GROUP BY object_id ORDER BY min(tried_at) LIMIT $3)
         UPDATE waiting SET tried_at = $2 FROM untried WHERE waiting.object_id = untried.object_id
         RETURNING waiting.object_id AS "objectId"`,
        [untriedSince, now, limit],
      );
      return [...new Set(taken.map(({ objectId }) => objectId))];
    },
    subjectsWithoutObject: async (requestedBefore, limit) => {
      const found = await sql.rows<{ transactionId: string }>(
        `SELECT transaction_id AS "transactionId" FROM subjects
         WHERE object_id IS NULL AND ended_at IS NULL AND reported_at IS NULL AND requested_at < $1
         ORDER BY requested_at LIMIT $2`,
        [requestedBefore, limit],
      );
      return found.map(({ transactionId }) => transactionId);
    },
  };
}

function dueReads(sql: Sql): Pick<ReconcilerTx, 'takeDueReads' | 'postponeReads'> {
  return {
    takeDueReads: (now, leasedUntil, limit) =>
      sql.rows<ReadDue>(
        `WITH due AS MATERIALIZED (
           SELECT object_id FROM objects WHERE next_read_at <= $1 ORDER BY next_read_at LIMIT $3 FOR UPDATE SKIP LOCKED)
         UPDATE objects SET next_read_at = $2 FROM due WHERE objects.object_id = due.object_id
         RETURNING objects.object_id AS "objectId", object_type AS "objectType"`,
        [now, leasedUntil, limit],
      ),
    postponeReads: async (objectIds, leasedUntil, until) => {
      await sql.run('UPDATE objects SET next_read_at = $3 WHERE object_id = ANY ($1) AND next_read_at = $2', [
        objectIds,
        leasedUntil,
        until,
      ]);
    },
  };
}
