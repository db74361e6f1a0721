import type { MemoryDatabase } from '#libs/db';
import { type MemoryMessages, type MessageSource, memoryMessages } from '#libs/messaging';
import type { Case } from './cases/case.ts';
import type { Movement } from './conservation/movement.ts';
import { memoryCases, memoryPeople } from './people/people-store.memory.ts';
import type { ReadDue, ReconcilerTx, Waiting } from './reconciler-store.ts';
import { memoryObservedMoves } from './reports/observed-move-store.ts';
import { newObject, newSubject, type ProviderObject, type Subject } from './subject.ts';
import type { Verdict } from './verdict.ts';

/** The store in memory, and what a test may look at. */
export interface MemoryReconciler extends ReconcilerTx, Pick<MemoryMessages, 'enqueued' | 'enqueuedOf'> {
  subjects(): readonly Subject[];
  objects(): readonly ProviderObject[];
  verdicts(): readonly Verdict[];
  cases(): readonly Case[];
  movements(): readonly Movement[];
  waiting(): readonly Waiting[];
}

export function memoryReconcilerTx(memory: MemoryDatabase, messages: MessageSource): MemoryReconciler {
  const subjects = memory.table<Subject>({ key: (row) => row.transactionId, keyConstraint: 'subjects_pkey' });
  const objects = memory.table<ProviderObject>({ key: (row) => row.objectId, keyConstraint: 'objects_pkey' });
  const verdicts = memory.table<Verdict>({
    key: (row) => `${row.slot} ${row.sourceId}`,
    keyConstraint: 'verdicts_once',
  });
  const cases = memoryCases(memory);
  const movements = memory.table<Movement & { placeId: string; notedAt: Date }>({
    key: (row) => `${row.objectId} ${row.kind}`,
    keyConstraint: 'provider_movements_pkey',
  });
  const waiting = memory.table<Waiting>({ key: (row) => row.id, keyConstraint: 'waiting_pkey' });

  return {
    ...memoryMessages(memory, messages),
    ...memoryPeople(memory, cases),
    ...memoryObservedMoves(memory),
    subjects: () => subjects.all(),
    objects: () => objects.all(),
    verdicts: () => verdicts.all(),
    cases: () => cases.all(),
    movements: () => movements.all(),
    waiting: () => waiting.all(),

    transactionOf: async (objectId) => objects.get(objectId)?.transactionId ?? null,
    lockSubject: async (transactionId) => {
      subjects.insertIfAbsent(newSubject(transactionId));
      return subjects.get(transactionId) ?? newSubject(transactionId);
    },
    lockObject: async (objectId, objectType) => {
      objects.insertIfAbsent(newObject(objectId, objectType));
      return objects.get(objectId) ?? newObject(objectId, objectType);
    },
    lockObjectsOf: async (transactionId) =>
      objects.filter((row) => row.transactionId === transactionId).sort(by((row) => row.objectId)),
    putSubject: async (subject) => {
      subjects.update(subject.transactionId, subject);
    },
    putObject: async (object) => {
      objects.update(object.objectId, object);
    },

    verdictsOf: async (transactionId) => verdicts.filter((row) => row.transactionId === transactionId),
    insertVerdict: async (verdict) => verdicts.insertIfAbsent(verdict),
    insertCase: async (opened) => cases.insertIfAbsent(opened),
    noteMovement: async (movement) => {
      movements.insertIfAbsent(movement);
    },

    waitingOn: async (objectId, limit) =>
      waiting
        .filter((row) => row.objectId === objectId)
        .sort(by(({ parkedAt, id }) => `${parkedAt.toISOString()} ${id}`))
        .slice(0, limit),
    insertWaiting: async (row) => waiting.insert(row),
    deleteWaiting: async (id) => {
      waiting.delete(id);
    },
    takeWaitingObjects: async (untriedSince, now, limit) => {
      const untried = waiting.filter(({ triedAt }) => triedAt < untriedSince).sort(by((row) => row.triedAt.getTime()));
      const taken = [...new Set(untried.map(({ objectId }) => objectId))].slice(0, limit);
      for (const row of waiting.filter(({ objectId }) => taken.includes(objectId)))
        waiting.update(row.id, { triedAt: now });
      return taken;
    },
    subjectsWithoutObject: async (requestedBefore, limit) =>
      subjects
        .filter((row) => row.objectId === null && row.endedAt === null && row.reportedAt === null)
        .filter(({ requestedAt }) => requestedAt !== null && requestedAt < requestedBefore)
        .sort(by((row) => row.requestedAt?.getTime() ?? 0))
        .slice(0, limit)
        .map(({ transactionId }) => transactionId),

    takeDueReads: async (now, leasedUntil, limit) => {
      const due = objects
        .filter(({ nextReadAt }) => nextReadAt !== null && nextReadAt <= now)
        .sort(by((row) => row.nextReadAt?.getTime() ?? 0))
        .slice(0, limit);
      for (const { objectId } of due) objects.update(objectId, { nextReadAt: leasedUntil });
      return due.map(({ objectId, objectType }) => ({ objectId, objectType }) as ReadDue);
    },
    postponeReads: async (objectIds, leasedUntil, until) => {
      for (const row of objects.filter(({ objectId }) => objectIds.includes(objectId)))
        if (row.nextReadAt?.getTime() === leasedUntil.getTime()) objects.update(row.objectId, { nextReadAt: until });
    },
  };
}

const by =
  <Row>(value: (row: Row) => string | number) =>
  (a: Row, b: Row): number =>
    value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0;
