import type { Sql } from '#libs/db';
import { type MessageSource, type MessageTx, postgresMessages } from '#libs/messaging';
import type { Delivery, DeliveryState } from './delivery.ts';

export interface DuplicateCount {
  deliveryKey: string;
  count: number;
  lastAt: Date;
}

/** What a transaction of this service can do. */
export interface WebhooksTx extends MessageTx {
  /** False if its delivery key was there before: then nothing happens. */
  logDelivery(delivery: Delivery): Promise<boolean>;
  /** Whether the delivery was in one of the states `from`. A null `transactionId` leaves the known one. */
  moveDelivery(id: string, move: DeliveryMove): Promise<boolean>;
  /** To rows that are still there. */
  addDuplicates(counts: readonly DuplicateCount[]): Promise<void>;
  /** The newest first, those behind `after` only. */
  findDeliveries(filter: DeliveryFilter, page: { after: DeliveryPlace | null; limit: number }): Promise<Delivery[]>;
  /** When the newest came that somebody vouched for; null without one. */
  lastVerifiedAt(): Promise<Date | null>;
  /** Empties and deletes at most `limit` rows each; returns how many. */
  expireDeliveries(before: ExpiryDates, limit: number): Promise<number>;
}

/** All that are given must hold. */
export interface DeliveryFilter {
  id?: string | undefined;
  transactionId?: string | undefined;
  objectId?: string | undefined;
  state?: DeliveryState | undefined;
}

/** Where a delivery stands among all, so that a page can begin behind it. */
export type DeliveryPlace = Pick<Delivery, 'receivedAt' | 'id'>;

/** What was received before these moments goes: payloads, rows of what nobody vouched for, all rows. */
interface ExpiryDates {
  payloads: Date;
  unverified: Date;
  rows: Date;
}

interface DeliveryMove {
  from: readonly DeliveryState[];
  to: DeliveryState;
  reason: string;
  transactionId: string | null;
  at: Date;
}

const columns = `id, delivery_key, digest, scheme, state, reason, event_type, object_type, object_id, source_address, signature,
  body_bytes, payload, attempts, transaction_id, received_at, updated_at, signed_by, event_id, sent_at, duplicates, last_duplicate_at`;

export function postgresWebhooksTx(sql: Sql, messages: MessageSource): WebhooksTx {
  return {
    ...postgresMessages(sql, messages),
    /**
     * Insert first: of a thousand duplicates at once the unique index lets one through; a look beforehand would let through two.
     * Nothing is written for the others, not even a count (that comes later, see createDuplicateCounts): on the one row they would
     * wait for each other's COMMIT, one by one.
     */
    logDelivery: async (delivery) => {
      const logged = await sql.run(
        `INSERT INTO webhook_logs (${columns})
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
         ON CONFLICT (delivery_key) DO NOTHING`,
        valuesOf(delivery),
      );
      return logged === 1;
    },
    moveDelivery: async (id, { from, to, reason, transactionId, at }) => {
      const moved = await sql.run(
        `UPDATE webhook_logs SET state = $2, reason = $3, transaction_id = coalesce($4, transaction_id), updated_at = $5,
           attempts = attempts + 1
         WHERE id = $1 AND state = ANY($6::text[])`,
        [id, to, reason, transactionId, at, from],
      );
      return moved === 1;
    },
    addDuplicates: async (counts) => {
      const sorted = [...counts].sort((a, b) => (a.deliveryKey < b.deliveryKey ? -1 : 1));
      // Locked in the order of their keys: two replicas that count the same deliveries must not wait for each other in a circle.
      await sql.run(
        `WITH counted AS (SELECT * FROM unnest($1::text[], $2::int[], $3::timestamptz[]) AS c (delivery_key, count, last_at)),
           locked AS (SELECT delivery_key FROM webhook_logs WHERE delivery_key = ANY($1::text[]) ORDER BY delivery_key FOR NO KEY UPDATE)
         UPDATE webhook_logs w SET duplicates = duplicates + c.count, last_duplicate_at = greatest(last_duplicate_at, c.last_at)
         FROM counted c JOIN locked USING (delivery_key) WHERE w.delivery_key = c.delivery_key`,
        [
          sorted.map(({ deliveryKey }) => deliveryKey),
          sorted.map(({ count }) => count),
          sorted.map(({ lastAt }) => lastAt),
        ],
      );
    },
    findDeliveries: async (filter, { after, limit }) => {
      // Only what is asked for stands in the text, of which there are 32: a condition that may be absent would hide every index.
      const values: unknown[] = [limit];
      const equals = (column: string, value: string | undefined): string[] =>
        value === undefined ? [] : [`${column} = $${values.push(value)}`];
      const conditions = [
        ...equals('id', filter.id),
        ...equals('transaction_id', filter.transactionId),
        ...equals('object_id', filter.objectId),
        ...equals('state', filter.state),
        ...(after === null
          ? []
          : [`(received_at, id) < ($${values.push(after.receivedAt)}, $${values.push(after.id)})`]),
      ];
      const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
      const text = `SELECT ${columns} FROM webhook_logs ${where} ORDER BY received_at DESC, id DESC LIMIT $1`;
      return (await sql.rows<DeliveryRow>(text, values)).map(deliveryOf);
    },
    lastVerifiedAt: async () => {
      const [row] = await sql.rows<{ received_at: Date }>(
        `SELECT received_at FROM webhook_logs WHERE state <> 'unverified' ORDER BY received_at DESC LIMIT 1`,
      );
      return row?.received_at ?? null;
    },
    expireDeliveries: async ({ payloads, unverified, rows }, limit) => {
      const [row] = await sql.rows<{ expired: number }>('SELECT expire_webhook_logs($1, $2, $3, $4) AS expired', [
        payloads,
        unverified,
        rows,
        limit,
      ]);
      return row?.expired ?? 0;
    },
  };
}

interface DeliveryRow {
  id: string;
  delivery_key: string | null;
  digest: string;
  scheme: Delivery['scheme'];
  state: DeliveryState;
  reason: string | null;
  event_type: string | null;
  object_type: string | null;
  object_id: string | null;
  source_address: string;
  signature: string | null;
  body_bytes: number;
  payload: string | null;
  attempts: number;
  transaction_id: string | null;
  received_at: Date;
  updated_at: Date;
  signed_by: Delivery['signedBy'];
  event_id: string | null;
  sent_at: Date | null;
  duplicates: number;
  last_duplicate_at: Date | null;
}

const valuesOf = (delivery: Delivery): unknown[] => [
  delivery.id,
  delivery.deliveryKey,
  delivery.digest,
  delivery.scheme,
  delivery.state,
  delivery.reason,
  delivery.eventType,
  delivery.objectType,
  delivery.objectId,
  delivery.sourceAddress,
  delivery.signature,
  delivery.bodyBytes,
  delivery.payload,
  delivery.attempts,
  delivery.transactionId,
  delivery.receivedAt,
  delivery.updatedAt,
  delivery.signedBy,
  delivery.eventId,
  delivery.sentAt,
  delivery.duplicates,
  delivery.lastDuplicateAt,
];

const deliveryOf = (row: DeliveryRow): Delivery => ({
  id: row.id,
  deliveryKey: row.delivery_key,
  digest: row.digest,
  scheme: row.scheme,
  state: row.state,
  reason: row.reason,
  eventType: row.event_type,
  objectType: row.object_type,
  objectId: row.object_id,
  sourceAddress: row.source_address,
  signature: row.signature,
  bodyBytes: row.body_bytes,
  payload: row.payload,
  attempts: row.attempts,
  transactionId: row.transaction_id,
  receivedAt: row.received_at,
  updatedAt: row.updated_at,
  signedBy: row.signed_by,
  eventId: row.event_id,
  sentAt: row.sent_at,
  duplicates: row.duplicates,
  lastDuplicateAt: row.last_duplicate_at,
});
