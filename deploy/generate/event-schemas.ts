import { z } from 'zod';
import { type EventType, events, eventTypes } from '#libs/contracts';

/** The JSON Schema file of every event's data, `docs/events/<type>.schema.json`, so that a changed contract is a diff to review. */
export function eventSchemas(): Map<string, string> {
  return new Map(
    eventTypes.map((type) => [`docs/events/${type}.schema.json`, `${JSON.stringify(schemaOf(type), null, 2)}\n`]),
  );
}

const schemaOf = (type: EventType): object => ({
  ...z.toJSONSchema(events[type].data, { io: 'input' }),
  title: type,
  description:
    events[type].listeners.length > 0
      ? `Heard by ${events[type].listeners.join(', ')}.`
      : 'Nobody listens yet; kept in the outbox.',
});
