import type { ServiceName } from '#libs/contracts';
import type { Sql } from '#libs/db';

/**
 * For the migrations of services that send or receive: what one transaction's story is read by. Without blocking anybody: the column is a
 * change of the catalogue alone, and the index of an outbox that is too large to be built within about a second is left to whoever
 * operates it (docs/observability.md), for whom the story is slower until then.
 */
export const storySchema = `
  ALTER TABLE inbox ADD COLUMN trace_id text;
  DO $$ BEGIN
    IF pg_relation_size('outbox') < 256 * 1024 * 1024 THEN
      CREATE INDEX outbox_story ON outbox ((envelope ->> 'correlationid'), id);
    ELSE
      RAISE WARNING 'outbox_story is not built: see docs/observability.md';
    END IF;
  END $$;
`;

export interface ToldMessage {
  id: string;
  type: string;
  data: Record<string, unknown>;
  traceId: string | null;
  toldAt: Date;
  /** Null while it waits for the broker. */
  publishedAt: Date | null;
}

/** What this service has told about a transaction, oldest first, as far back as it is kept. */
export const messagesToldAbout = (sql: Sql, transactionId: string, limit: number): Promise<ToldMessage[]> =>
  sql.rows<ToldMessage>(
    `SELECT message_id AS id, type, envelope -> 'data' AS data, split_part(traceparent, '-', 2) AS "traceId",
       created_at AS "toldAt", published_at AS "publishedAt"
     FROM outbox WHERE envelope ->> 'correlationid' = $1 ORDER BY id LIMIT $2`,
    [transactionId, limit],
  );

export interface HeardMessage {
  id: string;
  traceId: string | null;
  heardAt: Date;
}

/** Which of these messages this service has handled, when, and in which trace. */
export const messagesHeardAmong = (
  sql: Sql,
  consumer: ServiceName,
  messageIds: readonly string[],
): Promise<HeardMessage[]> =>
  sql.rows<HeardMessage>(
    `SELECT message_id AS id, trace_id AS "traceId", processed_at AS "heardAt" FROM inbox
     WHERE consumer = $1 AND message_id = ANY($2::uuid[])`,
    [consumer, messageIds],
  );
