import type { StoryLine } from '#libs/contracts';
import type { Sql } from '#libs/db';
import type { TellStory } from '#libs/service';
import type { Case } from '../cases/case.ts';
import type { DeadLetter } from '../dead-letters/dead-letter.ts';
import type { Proposal } from '../proposals/proposal.ts';
import type { ProviderObject, Subject } from '../subject.ts';
import type { Verdict } from '../verdict.ts';
import type { Act } from './act.ts';

type Line = Omit<StoryLine, 'trace_id'> & { trace_id?: string | null };
type Waits = { deliveryId: string | null; objectId: string; parkedAt: Date };

/**
 * What the reconciler knows of a transaction: what is expected, what Revio was seen to say, what was decided, and what people did about it.
 * Their words stay with the case.
 */
export const tellStory =
  (sql: Sql): TellStory =>
  async (id, limit) => {
    const rows = <Row>(text: string) => sql.rows<Row>(`${text} LIMIT $2`, [id, limit]);
    const subjects = await rows<Pick<Subject, 'requestedAt' | 'endedAt' | 'endedAs' | 'traceparent'>>(
      `SELECT requested_at AS "requestedAt", ended_at AS "endedAt", ended_as AS "endedAs", traceparent
       FROM subjects WHERE transaction_id = $1`,
    );
    const objects = await rows<ProviderObject>(
      `SELECT object_id AS "objectId", object_type AS "objectType", last_status AS "lastStatus",
         last_updated_on AS "lastUpdatedOn", read_status AS "readStatus", read_at AS "readAt", reads
       FROM objects WHERE transaction_id = $1`,
    );
    const waiting = await rows<Waits>(
      `SELECT delivery_id AS "deliveryId", waiting.object_id AS "objectId", parked_at AS "parkedAt"
       FROM waiting JOIN objects ON objects.object_id = waiting.object_id WHERE transaction_id = $1 ORDER BY parked_at`,
    );
    const verdicts = await rows<Pick<Verdict, 'slot' | 'outcome' | 'objectId' | 'reason' | 'decidedAt'>>(
      `SELECT slot, outcome, object_id AS "objectId", reason, decided_at AS "decidedAt"
       FROM verdicts WHERE transaction_id = $1 ORDER BY id`,
    );
    const cases = await rows<Pick<Case, 'id' | 'cause' | 'status' | 'openedAt' | 'closedAt'>>(
      `SELECT id, cause, status, opened_at AS "openedAt", closed_at AS "closedAt"
       FROM cases WHERE transaction_id = $1 ORDER BY opened_at`,
    );
    const proposals = await rows<Pick<Proposal, 'id' | 'kind' | 'state' | 'proposedAt' | 'decidedAt'>>(
      `SELECT id, kind, state, proposed_at AS "proposedAt", decided_at AS "decidedAt" FROM proposals
       WHERE id = $1 OR case_id IN (SELECT id FROM cases WHERE transaction_id = $1) ORDER BY proposed_at`,
    );
    const acts = await rows<Pick<Act, 'id' | 'at' | 'actorId' | 'action'>>(
      `SELECT id, at, actor_id AS "actorId", action FROM acts
       WHERE proposal_id = $1 OR case_id IN (SELECT id FROM cases WHERE transaction_id = $1) ORDER BY sequence`,
    );
    const letters = await rows<
      Pick<DeadLetter, 'id' | 'consumer' | 'type' | 'reason' | 'state' | 'diedAt' | 'traceparent'>
    >(
      `SELECT id, consumer, type, reason, state, died_at AS "diedAt", traceparent
       FROM dead_letters WHERE correlation_id = $1 ORDER BY died_at`,
    );
    const lines: Line[] = [
      ...subjects.flatMap(expectation),
      ...objects.flatMap(sightings),
      ...waiting.map(({ deliveryId, objectId, parkedAt }) =>
        line('observation', parkedAt, 'What was seen waits for what it belongs to, or for a fresh read.', {
          object_id: objectId,
          ...(deliveryId === null ? {} : { delivery_id: deliveryId }),
        }),
      ),
      ...verdicts.map(({ slot, outcome, objectId, reason, decidedAt }) =>
        line('decision', decidedAt, `${slot} ${outcome}: ${reason}`, { object_id: objectId }),
      ),
      ...cases.flatMap(({ id: case_id, cause, status, openedAt, closedAt }) => [
        line('case', openedAt, `A case was opened: ${cause}.`, { case_id }),
        ...(closedAt === null ? [] : [line('case', closedAt, `The case is ${status}.`, { case_id })]),
      ]),
      ...proposals.flatMap(({ id: proposal_id, kind, state, decidedAt }) =>
        decidedAt === null ? [] : [line('decision', decidedAt, `The proposed ${kind} is ${state}.`, { proposal_id })],
      ),
      ...acts.map((act) => line('act', act.at, act.action, { act_id: act.id, actor_id: act.actorId })),
      ...letters.map((letter) => ({
        ...line(
          'dead_letter',
          letter.diedAt,
          `${letter.consumer} gave up ${letter.type ?? 'a message'}: ${letter.reason}; ${letter.state}`,
          {
            dead_letter_id: letter.id,
          },
        ),
        trace_id: letter.traceparent?.split('-')[1] ?? null,
      })),
    ];
    return lines.map((told) => ({ trace_id: null, ...told }));
  };

const line = (kind: StoryLine['kind'], at: Date, text: string, ids: StoryLine['ids'] = {}): Line => ({
  at: at.toISOString(),
  kind,
  text,
  ids,
});

/** Without a request, somebody at Revio has named a transaction that payments never told of. */
const expectation = ({
  requestedAt,
  endedAt,
  endedAs,
  traceparent,
}: Pick<Subject, 'requestedAt' | 'endedAt' | 'endedAs' | 'traceparent'>): Line[] => [
  ...(requestedAt === null
    ? []
    : [
        {
          ...line('observation', requestedAt, 'Expected at Revio from here on.'),
          trace_id: traceparent?.split('-')[1] ?? null,
        },
      ]),
  ...(endedAt === null ? [] : [line('observation', endedAt, `Payments ended it: ${endedAs}.`)]),
];

const sightings = ({
  objectId,
  objectType,
  lastStatus,
  lastUpdatedOn,
  readStatus,
  readAt,
  reads,
}: ProviderObject): Line[] => [
  ...(lastUpdatedOn === null
    ? []
    : [
        line('observation', lastUpdatedOn, `The ${objectType} at Revio became ${lastStatus}, by Revio’s clock.`, {
          object_id: objectId,
        }),
      ]),
  ...(readAt === null
    ? []
    : [
        line('observation', readAt, `Last of ${reads} scheduled reads and our own answers: ${readStatus}.`, {
          object_id: objectId,
        }),
      ]),
];
