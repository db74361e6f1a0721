import { ContractError, type Envelope, listensTo, parseEnvelope, type ServiceName } from '#libs/contracts';

/**
 * | state | means | goes on by |
 * | --- | --- | --- |
 * | open | it waits for a human | replay, discard |
 * | replayed | it is back in its queue, or was handled since | dying again: open |
 * | discarded | a human decided that it is not needed | replay; dying again: open |
 */
export const deadLetterStates = ['open', 'replayed', 'discarded'] as const;
export type DeadLetterState = (typeof deadLetterStates)[number];

/** A message that a service could not process, and its last death. */
export interface DeadLetter {
  id: string;
  /** Whose queue it died in; the API calls it `queue`. */
  consumer: ServiceName;
  messageId: string;
  /** SHA-256 of the content, hex. */
  digest: string;
  /** What it says it is; null where it says nothing that we know. */
  type: string | null;
  correlationId: string | null;
  traceparent: string | null;
  contentType: string | null;
  content: Buffer;
  headers: unknown;
  state: DeadLetterState;
  reason: string;
  attempts: number;
  deaths: number;
  replays: number;
  firstDiedAt: Date;
  diedAt: Date;
  /** Why it was discarded. */
  note: string | null;
}

/** What it would come to if it were replayed now. */
type ReplayEffect = 'none' | 'handled' | 'dies_again' | 'unknown';

interface Foretold {
  effect: ReplayEffect;
  detail: string;
}

type Message = Pick<DeadLetter, 'consumer' | 'content'>;

/** The event that a message is, if its consumer can read it at all. */
export function eventOf({ consumer, content }: Message): Envelope | null {
  try {
    const event = parseEnvelope(content);
    return listensTo(consumer).includes(event.type) ? event : null;
  } catch (error) {
    if (error instanceof ContractError) return null;
    throw error;
  }
}

/** `handled`: the ids in the consumer's inbox, null where it could not be asked. */
export function foretell(message: Message, handled: ReadonlySet<string> | null): Foretold {
  const event = eventOf(message);
  if (event === null)
    return { effect: 'dies_again', detail: `${message.consumer} cannot read it: it would be dead-lettered again` };
  if (handled === null) return { effect: 'unknown', detail: `${message.consumer} cannot be asked` };
  if (handled.has(event.id)) return { effect: 'none', detail: 'already applied: none' };
  return { effect: 'handled', detail: `would be handled by ${message.consumer} as ${event.type}` };
}

/** The delivery whose processing died with this message, if it is one of those. */
export function deliveryIdOf(message: Message): string | null {
  const event = message.consumer === 'reconciler' ? eventOf(message) : null;
  return event?.type === 'webhooks.revio-event-received.v1'
    ? (event as Envelope<'webhooks.revio-event-received.v1'>).data.delivery_id
    : null;
}

/** A stable word for what went wrong, such as `error_p0001`: what other services are told may carry no text. */
export function reasonWord(reason: string): string {
  const word = reason
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replace(/^[^a-z]+/, '')
    .slice(0, 64);
  return word === '' ? 'unknown' : word;
}
