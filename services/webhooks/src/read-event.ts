import { z } from 'zod';
import { foreignId, type Observation } from '#libs/contracts';
import { NotRevioObject, observe, parseStrictJson } from '#libs/revio';
import { isKnownEventType } from './event-types.ts';
import type { Scheme } from './signature/verification.ts';

/** Printable ASCII: names go into columns, lists and log lines. */
const name = z.string().regex(/^[\x21-\x7e]{1,64}$/);

/** What makes a body an event at all: an object with an id and a type, and what happened to it (REVIO.md §1.4). */
const event = z.object({ id: foreignId, type: name, event_type: name });

export interface RevioEvent {
  eventType: string;
  objectType: string;
  objectId: string;
  /** What the delivery says, for the reconciler; null with the reason if there is nothing to tell. */
  observation: Observation | null;
  reason: 'unknown_event_type' | 'unreadable_object' | null;
}

/**
 * Reads a body whose signature was right; undefined if it is no event, which includes a name that is repeated in one object: two
 * readers of such a body may see two amounts.
 *
 * An event type that nobody knows tells nothing onwards, though its object may be readable: whether a new `payment.…` gives or
 * takes money is said by its name alone. The sweep reads the object itself soon enough.
 */
export function readEvent(raw: Uint8Array, receivedAt: Date, scheme: Scheme): RevioEvent | undefined {
  const json = strictJson(raw);
  const read = event.safeParse(json);
  if (!read.success) return undefined;
  const { id: objectId, type: objectType, event_type: eventType } = read.data;
  const known = { eventType, objectType, objectId };
  if (!isKnownEventType(eventType)) return { ...known, observation: null, reason: 'unknown_event_type' };
  const observation = observed(json, receivedAt, scheme);
  return { ...known, observation, reason: observation === null ? 'unreadable_object' : null };
}

const strictJson = (raw: Uint8Array): unknown => orUndefined(() => parseStrictJson(raw));

const observed = (json: unknown, observedAt: Date, scheme: Scheme): Observation | null =>
  orUndefined(() => observe(json, { source: 'webhook', observedAt, providerDate: null, scheme })) ?? null;

function orUndefined<R>(read: () => R): R | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof NotRevioObject) return undefined;
    throw error;
  }
}
