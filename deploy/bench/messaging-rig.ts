import { randomUUID } from 'node:crypto';
import { type ConfirmChannel, connect } from 'amqplib';
import pg from 'pg';
import { type EventData, envelope } from '#libs/contracts';
import { connectDatabase } from '#libs/db';
import { connectBroker, postgresMessages, startRelay } from '#libs/messaging';
import { createLogger, newId, newUuid } from '#libs/runtime';
import { createMetrics } from '#libs/telemetry';
import { createServiceDatabase } from '../local/databases.ts';
import { migrateService } from '../local/migrate-service.ts';
import type { PrivateServers } from './private-servers.ts';

/** A message that goes to one queue: what a message costs must not be mistaken for what two cost. */
export const messageType = 'reconciler.deposit-settled.v1';
/** Its queue's service. */
export const listener = 'wallet';

/** The relay never looks by itself: a run begins when it is woken. */
const neverMs = 3_600_000;

export const messageData = (): EventData<typeof messageType> => ({
  transaction_id: newId('dep'),
  user_id: randomUUID(),
  currency: 'ZAR',
  amount_minor: '15000',
  purchase_id: randomUUID(),
});

/**
 * An outbox and its relay, as every service has them, on a database and queues of their own; and beside them a bare client,
 * which is what the broker and its client can do at all.
 */
export async function messagingRig({ postgresUrl, amqpUrl, secrets }: PrivateServers, name: string) {
  const database = await createServiceDatabase(postgresUrl, {
    service: 'reconciler',
    password: secrets.rolePasswords.reconciler,
    database: `bench_${name}`,
  });
  await migrateService('reconciler', database.ownerUrl);
  const logger = createLogger({ name, level: 'warn' });
  const metrics = createMetrics(name);
  const db = await connectDatabase({
    url: database.serviceUrl,
    entities: [],
    poolMax: 10,
    applicationName: name,
    logger,
    metrics,
  });
  const broker = await connectBroker({ url: amqpUrl, prefix: `${name}.`, logger, metrics });
  const relay = startRelay({ db, broker, metrics, logger, intervalMs: neverMs });
  let kept: { stop(): Promise<void> } | undefined;
  const channel = await new Promise<ConfirmChannel>((resolve) => {
    kept = broker.keepChannel({ name: 'purges', open: async (opened) => resolve(opened) });
  });
  const client = await connect(amqpUrl, { noDelay: true });
  const bare = await client.createConfirmChannel();
  const admin = new pg.Client({ connectionString: database.adminUrl });
  admin.on('error', () => undefined); // told by the query that waits for it
  await admin.connect();
  return {
    db,
    broker,
    relay,
    logger,
    metrics,
    admin,
    channel,
    /** By the bare client, without anything of ours. Resolves when it is confirmed. */
    publish: ({ exchange, routingKey, content, messageId, options }: ReturnType<typeof publicationOf>) =>
      new Promise<void>((resolve, reject) => {
        const all = { ...options, messageId, mandatory: true, persistent: true };
        bare.publish(exchange, routingKey, content, all, (error) => (error ? reject(error) : resolve()));
      }),
    /** Answers the transaction that the message is about. */
    enqueue: async (): Promise<string> => {
      const data = messageData();
      const from = { source: 'reconciler', newUuid, now: () => new Date() } as const;
      await db.transact((sql) => postgresMessages(sql, from).enqueue(messageType, data));
      return data.transaction_id;
    },
    close: async () => {
      await Promise.all([relay.stop(), kept?.stop()]);
      await broker.close();
      await client.close();
      await admin.end();
      await db.close();
    },
  };
}

export type MessagingRig = Awaited<ReturnType<typeof messagingRig>>;

/** As the relay publishes it. */
export function publicationOf(exchange: string) {
  const message = envelope('reconciler', messageType, messageData(), { id: newUuid(), time: new Date() });
  return {
    exchange,
    routingKey: messageType,
    content: Buffer.from(JSON.stringify(message)),
    messageId: message.id,
    options: { type: messageType, contentType: 'application/cloudevents+json' },
  };
}
