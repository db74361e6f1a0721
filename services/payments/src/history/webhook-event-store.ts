import type { EventData } from '#libs/contracts';
import type { Sql } from '#libs/db';

/** A delivery of Revio's as far as we were told of it. Until both messages came, one half is null. */
export interface WebhookEvent {
  deliveryId: string;
  transactionId: string | null;
  eventType: string | null;
  receivedAt: Date | null;
  outcome: EventData<'reconciler.observation-handled.v1'>['outcome'] | null;
  reason: string | null;
  /** When the reconciler said so: of two words about one delivery the later one counts. */
  toldAt: Date | null;
}

type Arrival = { deliveryId: string; eventType: string; receivedAt: Date };
type Handling = Pick<WebhookEvent, 'deliveryId' | 'transactionId' | 'outcome' | 'reason'> & { toldAt: Date };

export interface WebhookEvents {
  noteArrival(arrival: Arrival): Promise<void>;
  noteHandling(handling: Handling): Promise<void>;
}

/** Upserts that may be repeated and reordered at will, which is why they need no inbox. */
export const postgresWebhookEvents = (sql: Sql): WebhookEvents => ({
  noteArrival: async ({ deliveryId, eventType, receivedAt }) => {
    await sql.run(
      `INSERT INTO webhook_events AS e (delivery_id, event_type, received_at) VALUES ($1, $2, $3)
       ON CONFLICT (delivery_id) DO UPDATE SET event_type = EXCLUDED.event_type, received_at = EXCLUDED.received_at
       WHERE e.event_type IS NULL`,
      [deliveryId, eventType, receivedAt],
    );
  },
  noteHandling: async ({ deliveryId, transactionId, outcome, reason, toldAt }) => {
    await sql.run(
      `INSERT INTO webhook_events AS e (delivery_id, transaction_id, outcome, reason, told_at) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (delivery_id) DO UPDATE SET transaction_id = COALESCE(EXCLUDED.transaction_id, e.transaction_id),
         outcome = EXCLUDED.outcome, reason = EXCLUDED.reason, told_at = EXCLUDED.told_at
       WHERE e.told_at IS NULL OR e.told_at <= EXCLUDED.told_at`,
      [deliveryId, transactionId, outcome, reason, toldAt],
    );
  },
});
