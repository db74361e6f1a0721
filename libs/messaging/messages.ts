import { type Envelope, type EventData, type EventType, envelope, type ServiceName } from '#libs/contracts';
import type { MemoryDatabase, Sql } from '#libs/db';
import { currentContext, currentTraceId } from '#libs/runtime';
import { noteClaim } from './claims.ts';

/** The part of every service's transaction port that sends and receives. */
export interface MessageTx {
  /** Sent if and only if this transaction commits, at least once. Throws ContractError when the data breaks the event's schema. */
  enqueue<T extends EventType>(type: T, data: EventData<T>, options?: { correlationId?: string }): Promise<void>;
  /** Call it first in a handler's transaction. False: this message was handled before, do nothing. */
  claimMessage(messageId: string): Promise<boolean>;
  /** Which of these messages were handled before. */
  handledAmong(messageIds: readonly string[]): Promise<string[]>;
}

export interface MessageSource {
  /** Who sends, and under whose name messages are claimed. */
  source: ServiceName;
  newUuid: () => string;
  now: () => Date;
}

/** For the migrations of services that send or receive. `retry_at` lets what nobody took wait aside instead of filling each batch. */
export const messagingSchema = `
  CREATE TABLE outbox (
    id bigserial PRIMARY KEY,
    message_id uuid NOT NULL,
    type text NOT NULL,
    envelope jsonb NOT NULL,
    traceparent text,
    created_at timestamptz NOT NULL DEFAULT now(),
    retry_at timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz,
    CONSTRAINT outbox_message_id_key UNIQUE (message_id)
  );
  CREATE INDEX outbox_unpublished ON outbox (id) WHERE published_at IS NULL;
  CREATE TABLE inbox (
    consumer text NOT NULL,
    message_id uuid NOT NULL,
    processed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, message_id)
  );
`;

export function postgresMessages(sql: Sql, { source, newUuid, now }: MessageSource): MessageTx {
  return {
    enqueue: async (type, data, options) => {
      const made = envelope(source, type, data, { id: newUuid(), time: now(), ...options });
      await sql.run('INSERT INTO outbox (message_id, type, envelope, traceparent) VALUES ($1, $2, $3, $4)', [
        made.id,
        type,
        JSON.stringify(made),
        currentContext().traceparent ?? null,
      ]);
    },
    claimMessage: async (messageId) => {
      // Insert first, never look first: under SERIALIZABLE a look reads the gap, and every other insert into it is then a conflict.
      const claimed = await sql.run(
        'INSERT INTO inbox (consumer, message_id, trace_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
        [source, messageId, currentTraceId()],
      );
      noteClaim(claimed === 1);
      return claimed === 1;
    },
    handledAmong: async (messageIds) => {
      const handled = await sql.rows<{ messageId: string }>(
        'SELECT message_id AS "messageId" FROM inbox WHERE consumer = $1 AND message_id = ANY($2::uuid[])',
        [source, messageIds],
      );
      return handled.map(({ messageId }) => messageId);
    },
  };
}

export interface MemoryMessages extends MessageTx {
  /** What committed transactions sent, oldest first. */
  enqueued(): readonly Envelope[];
  /** The same of one type, typed. */
  enqueuedOf<T extends EventType>(type: T): Envelope<T>[];
}

export function memoryMessages(memory: MemoryDatabase, { source, newUuid, now }: MessageSource): MemoryMessages {
  const outbox = memory.table<Envelope>({ key: ({ id }) => id, keyConstraint: 'outbox_message_id_key' });
  const inbox = memory.table<{ messageId: string }>({ key: ({ messageId }) => messageId, keyConstraint: 'inbox_pkey' });
  return {
    enqueue: async (type, data, options) => {
      outbox.insert(envelope(source, type, data, { id: newUuid(), time: now(), ...options }));
    },
    claimMessage: async (messageId) => inbox.insertIfAbsent({ messageId }),
    handledAmong: async (messageIds) => messageIds.filter((messageId) => inbox.get(messageId) !== undefined),
    enqueued: () => outbox.all(),
    enqueuedOf: <T extends EventType>(type: T) => outbox.filter((sent) => sent.type === type) as Envelope<T>[],
  };
}
