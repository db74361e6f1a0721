import { z } from 'zod';
import { type EventData, type EventType, events, eventTypes, type ServiceName } from './events.ts';

const attributes = z.object({
  specversion: z.literal('1.0'),
  id: z.uuid(),
  source: z.string().regex(/^\/piggybank\/[a-z]+$/),
  type: z.enum(eventTypes as [EventType, ...EventType[]]),
  time: z.iso.datetime(),
  datacontenttype: z.literal('application/json'),
  /** The transaction that this is about; the attribute names of CloudEvents have no underscore. */
  correlationid: z.string().min(1).max(128),
  data: z.unknown(),
});

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A CloudEvents 1.0 envelope (structured JSON mode) around one of our events. */
export interface Envelope<T extends EventType = EventType> {
  specversion: '1.0';
  id: string;
  source: string;
  type: T;
  time: string;
  datacontenttype: 'application/json';
  correlationid: string;
  data: EventData<T>;
}

/** A message that breaks its contract: no retry will mend it, so it goes straight to the dead letter queue. */
export class ContractError extends Error {
  override readonly name = 'ContractError';
}

/**
 * Makes the envelope of an event, checked against its schema, so that a mistake is the publisher's and never leaves its transaction.
 * `id` is a UUID, `time` the business time. Throws ContractError.
 */
export function envelope<T extends EventType>(
  source: ServiceName,
  type: T,
  data: EventData<T>,
  made: { id: string; time: Date; correlationId?: string },
): Envelope<T> {
  const checked = parseData(type, data);
  return {
    specversion: '1.0',
    id: made.id,
    source: `/piggybank/${source}`,
    type,
    time: made.time.toISOString(),
    datacontenttype: 'application/json',
    correlationid: made.correlationId ?? correlationOf(checked) ?? made.id,
    data: checked,
  };
}

/** Reads a message's body as an envelope. Unknown extra fields are dropped: a newer publisher may send them. Throws ContractError. */
export function parseEnvelope(raw: Uint8Array | string): Envelope {
  let json: unknown;
  try {
    json = JSON.parse(typeof raw === 'string' ? raw : utf8.decode(raw));
  } catch (cause) {
    throw new ContractError('the body is not JSON', { cause });
  }
  const read = attributes.safeParse(json);
  if (!read.success) throw new ContractError(`not an envelope of ours: ${pathsOf(read.error)}`);
  return { ...read.data, data: parseData(read.data.type, read.data.data) } as Envelope;
}

function parseData<T extends EventType>(type: T, raw: unknown): EventData<T> {
  const read = events[type].data.safeParse(raw);
  if (!read.success) throw new ContractError(`${type}: ${pathsOf(read.error)}`);
  return read.data as EventData<T>;
}

/** Where a schema was broken, never with what: messages may not carry values into logs. */
const pathsOf = (error: z.ZodError): string =>
  error.issues.map((i) => `${i.path.join('.') || '(root)'} ${i.code}`).join(', ');

function correlationOf(data: unknown): string | undefined {
  const id = (data as { transaction_id?: unknown }).transaction_id;
  return typeof id === 'string' ? id : undefined;
}
