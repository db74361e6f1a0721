import type { Sql } from '#libs/db';
import { type MessageSource, type MessageTx, postgresMessages } from '#libs/messaging';
import type { Delivery, DeliveryState } from './delivery.ts';

/** What a transaction of this service can do. */
export interface WebhooksTx extends MessageTx {
  /** False if its delivery key was there before: then nothing happens. */
  logDelivery(delivery: Delivery): Promise<boolean>;
  /** Whether the delivery was in one of the states `from`. A null `transactionId` leaves the known one. */
  moveDelivery(id: string, move: DeliveryMove): Promise<boolean>;
  /** The newest first. */
  deliveriesOf(transactionId: string, limit: number): Promise<Delivery[]>;
}

interface DeliveryMove {
  from: readonly DeliveryState[];
  to: DeliveryState;
  reason: string;
  transactionId: string | null;
  at: Date;
}

const columns = `id, delivery_key, digest, scheme, state, reason, event_type, object_type, object_id, source_address, signature,
  body_bytes, payload, attempts, transaction_id, received_at, updated_at`;

export function postgresWebhooksTx(sql: Sql, messages: MessageSource): WebhooksTx {
  return {
    ...postgresMessages(sql, messages),
    /**
     * Insert first: of a thousand duplicates at once the unique index lets one through; a look beforehand would let through two.
     * Nothing is written for the others, not even a count: on the one row they would wait for each other's COMMIT, one by one.
     */
    logDelivery: async (delivery) => {
      const logged = await sql.run(
        `INSERT INTO webhook_logs (${columns})
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
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
    deliveriesOf: async (transactionId, limit) => {
      const rows = await sql.rows<DeliveryRow>(
        `SELECT ${columns} FROM webhook_logs WHERE transaction_id = $1 ORDER BY received_at DESC, id LIMIT $2`,
        [transactionId, limit],
      );
      return rows.map(deliveryOf);
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
});
