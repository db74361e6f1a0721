import type { Observation } from '#libs/contracts';
import type { ProviderObject } from './subject.ts';

/** What an observation adds to what is known of its object. One that came late adds nothing that a newer one has told. */
export function noteObservation(object: ProviderObject, observed: Observation): ProviderObject {
  // A refund names the purchase that it belongs to, but is no snapshot of it.
  if (observed.object_type === 'payment' || observed.object_id !== object.objectId) return object;
  return withRead(observed.object_type === 'absent' ? object : withSnapshot(object, observed), observed);
}

type Snapshot = Exclude<Observation, { object_type: 'absent' | 'payment' }>;

function withSnapshot(object: ProviderObject, observed: Snapshot): ProviderObject {
  const updatedOn = new Date(observed.updated_on);
  if (object.lastUpdatedOn !== null && updatedOn < object.lastUpdatedOn) return object;
  // Of two snapshots of one second the order is not told, but these words are each object's first.
  const isFirst = observed.status === 'created' || observed.status === 'initialized';
  if (isFirst && updatedOn.getTime() === object.lastUpdatedOn?.getTime()) return object;
  return { ...object, lastStatus: observed.status, lastUpdatedOn: updatedOn };
}

function withRead(
  object: ProviderObject,
  observed: Snapshot | Extract<Observation, { object_type: 'absent' }>,
): ProviderObject {
  if (observed.source === 'webhook') return object;
  const absent = observed.object_type === 'absent';
  const counted = {
    ...object,
    reads: object.reads + (observed.source === 'read' ? 1 : 0),
    absences: absent ? object.absences + 1 : 0,
    failedReads: 0,
    readFailedAt: null,
  };
  const readAt = new Date(observed.observed_at);
  if (object.readAt !== null && readAt < object.readAt) return counted;
  return {
    ...counted,
    readAt,
    readStatus: absent ? 'absent' : observed.status,
    readUpdatedOn: absent ? object.readUpdatedOn : new Date(observed.updated_on),
  };
}
