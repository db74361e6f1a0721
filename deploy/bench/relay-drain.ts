import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { envelope } from '#libs/contracts';
import { newUuid } from '#libs/runtime';
import { closedLoop } from './load.ts';
import { listener, type MessagingRig, messageData, messageType, messagingRig, publicationOf } from './messaging-rig.ts';
import type { PrivateServers } from './private-servers.ts';

/** A backlog of a second or two. */
const messagesPerRun = 20_000;
const inFlight = 100;
/** A relay that takes longer is not slow but stuck. */
const drainMsMax = 60_000;

/** B5: messages per second from a full outbox to their marks, and messages per second that amqplib gets confirmed, a hundred in flight. */
export async function relayDrain(servers: PrivateServers) {
  const rig = await messagingRig(servers, 'drain');
  const { exchange, queue } = rig.broker.names;

  /** Everything has arrived once, and is gone from the queue before the next run. */
  async function requireArrived(): Promise<void> {
    const { messageCount } = await rig.channel.purgeQueue(queue(listener));
    if (messageCount !== messagesPerRun) throw new Error(`VOID: ${messageCount} of ${messagesPerRun} messages arrived`);
  }

  return {
    ours: async (): Promise<number> => {
      await fillOutbox(rig);
      const startedAt = performance.now();
      rig.relay.wake();
      while (await hasUnpublished(rig)) {
        if (performance.now() - startedAt > drainMsMax) throw new Error('the relay does not drain the outbox');
        await sleep(5);
      }
      const seconds = (performance.now() - startedAt) / 1000;
      await requireArrived();
      return messagesPerRun / seconds;
    },
    baseline: async (): Promise<number> => {
      // One message under many ids: to make so many blocks a process on a busy machine for longer than a heartbeat may be late.
      const message = publicationOf(exchange);
      const messages = Array.from({ length: messagesPerRun }, () => ({ ...message, messageId: newUuid() }));
      const seconds = await closedLoop(messagesPerRun, inFlight, async (n) => {
        const each = messages[n];
        if (each !== undefined) await rig.publish(each);
      });
      await requireArrived();
      return messagesPerRun / seconds;
    },
    close: rig.close,
  };
}

const hasUnpublished = async ({ admin }: MessagingRig): Promise<boolean> =>
  (await admin.query('SELECT 1 FROM outbox WHERE published_at IS NULL LIMIT 1')).rows.length > 0;

/** At once and from the side, so that the relay finds the backlog of an outage and not what it drained meanwhile. */
async function fillOutbox({ admin }: MessagingRig): Promise<void> {
  const message = envelope('reconciler', messageType, messageData(), { id: newUuid(), time: new Date() });
  await admin.query(
    `INSERT INTO outbox (message_id, type, envelope)
     SELECT id, $1, jsonb_set($2::jsonb, '{id}', to_jsonb(id::text)) FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, $3)) AS new`,
    [messageType, JSON.stringify(message), messagesPerRun],
  );
  await admin.query('VACUUM (ANALYZE) outbox'); // what the runs before left, as autovacuum would in the minutes between two outages
}
