import { randomUUID } from 'node:crypto';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { inject } from 'vitest';
import type { EventData } from '#libs/contracts';
import { connectDatabase, type Database } from '#libs/db';
import {
  type Broker,
  type ConsumerOptions,
  connectBroker,
  type Handlers,
  messagingSchema,
  postgresMessages,
  type Received,
  type Relay,
  type RelayOptions,
  startConsumer,
  startRelay,
  storySchema,
} from '#libs/messaging';
import { createLogger, newId } from '#libs/runtime';
import { createMetrics } from '#libs/telemetry';
import { amqpPrefix, type FreshDatabase, freshDatabase } from '#libs/testing';

class Office1763800000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // No key on effects: a second effect of one message must be seen, not refused.
    await runner.query(
      `${messagingSchema} ${storySchema} CREATE TABLE effects (message_id uuid NOT NULL, attempt int NOT NULL)`,
    );
  }
  async down(): Promise<void> {}
}

export const voidRequest = (): EventData<'payments.void-requested.v1'> => ({
  transaction_id: newId('wd'),
  user_id: randomUUID(),
  currency: 'ZAR',
  amount_minor: '15000',
  reason: 'cancelled',
});

/** One database that sends as payments and receives as the wallet, and what a test needs to open and close on it. */
export interface PostOffice {
  db: Database;
  fresh: FreshDatabase;
  prefix: string;
  metric(name: string, labels?: string): Promise<number | undefined>;
  /** The ids of the messages, enqueued in one transaction each. */
  send(count: number): Promise<string[]>;
  broker(url?: string): Promise<Broker>;
  relay(broker: Broker, options?: Partial<RelayOptions>): Relay;
  consumer(broker: Broker, options?: Partial<ConsumerOptions>): { stop(): Promise<void> };
  /** Claims and writes one effect, in one transaction. */
  apply(event: Received): Promise<void>;
  effects(): Promise<string[]>;
  pending(): Promise<number>;
  close(): Promise<void>;
}

export async function openPostOffice(): Promise<PostOffice> {
  const fresh = await freshDatabase('payments', [Office1763800000003]);
  const logger = createLogger({ name: 'test', level: 'silent' });
  const metrics = createMetrics('test');
  const db = await connectDatabase({ url: fresh.ownerUrl, entities: [], poolMax: 10, applicationName: 'test', logger });
  const prefix = amqpPrefix();
  const opened: { stop(): Promise<void> }[] = [];
  const keep = <Opened extends { stop(): Promise<void> }>(one: Opened): Opened => {
    opened.push(one);
    return one;
  };
  const sender = { source: 'payments', newUuid: randomUUID, now: () => new Date() } as const;

  const apply = (event: Received) =>
    db.transact(async (sql) => {
      const messages = postgresMessages(sql, { ...sender, source: 'wallet' });
      if (!(await messages.claimMessage(event.id))) return;
      await sql.run('INSERT INTO effects (message_id, attempt) VALUES ($1, $2)', [event.id, event.attempt]);
    });
  const handlers: Handlers = { 'payments.void-requested.v1': apply };

  return {
    db,
    fresh,
    prefix,
    metric: async (name, labels = '') => {
      const lines = (await metrics.render()).text.split('\n');
      const line = lines.find((text) => text.startsWith(`${name}{`) && text.includes(labels));
      return line === undefined ? undefined : Number(line.split(' ').at(-1));
    },
    send: async (count) => {
      const ids: string[] = [];
      for (let n = 0; n < count; n++) {
        const newUuid = () => {
          const id = randomUUID();
          ids.push(id);
          return id;
        };
        await db.transact((sql) =>
          postgresMessages(sql, { ...sender, newUuid }).enqueue('payments.void-requested.v1', voidRequest()),
        );
      }
      return ids;
    },
    broker: async (url = inject('amqpUrl')) => {
      const broker = await connectBroker({ url, prefix, logger, metrics });
      keep({ stop: () => broker.close() });
      return broker;
    },
    relay: (broker, options) => keep(startRelay({ db, broker, metrics, logger, intervalMs: 50, ...options })),
    consumer: (broker, options) =>
      keep(startConsumer({ broker, service: 'wallet', handlers, logger, metrics, delaysMs: [50, 50, 50], ...options })),
    apply,
    effects: async () => {
      const rows = await db.read.rows<{ message_id: string }>('SELECT message_id FROM effects');
      return rows.map(({ message_id }) => message_id).toSorted();
    },
    pending: async () => {
      const [row] = await db.read.rows<{ n: number }>(
        'SELECT count(*)::int AS n FROM outbox WHERE published_at IS NULL',
      );
      return row?.n ?? -1;
    },
    close: async () => {
      for (const one of opened.reverse()) await one.stop();
      await db.close();
      await fresh.close();
    },
  };
}
