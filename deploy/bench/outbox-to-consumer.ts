import { performance } from 'node:perf_hooks';
import { startConsumer } from '#libs/messaging';
import { openLoop, quantile } from './load.ts';
import { listener, messageType, messagingRig, publicationOf } from './messaging-rig.ts';
import type { PrivateServers } from './private-servers.ts';

/** A tenth of what a busy system tells: what is measured is the way, not the queue before it. */
const perSecond = 200;
const messagesPerRun = 400;
/** The first ones prepare statements and warm the caches. */
const warmingUp = 50;

/**
 * B6: milliseconds from the commit of a message's row to its handler, at half; and what one confirmed publish takes on the same broker,
 * without any outbox. Both at the same rate.
 */
export async function outboxToConsumer(servers: PrivateServers) {
  const rig = await messagingRig(servers, 'lag');
  const waiting = new Map<string, (atMs: number) => void>();
  const early = new Map<string, number>();
  const consumer = startConsumer({
    broker: rig.broker,
    service: listener,
    logger: rig.logger,
    metrics: rig.metrics,
    handlers: {
      [messageType]: async ({ data }) => {
        const atMs = performance.now();
        const told = waiting.get(data.transaction_id);
        if (told === undefined) early.set(data.transaction_id, atMs);
        else told(atMs);
      },
    },
  });
  return {
    ours: () =>
      medianOf(async () => {
        const transactionId = await rig.enqueue();
        const committedAt = performance.now();
        rig.relay.wake();
        const arrivedAt =
          early.get(transactionId) ?? (await new Promise<number>((tell) => waiting.set(transactionId, tell)));
        waiting.delete(transactionId);
        early.delete(transactionId);
        return arrivedAt - committedAt;
      }),
    baseline: () =>
      medianOf(async () => {
        const startedAt = performance.now();
        await rig.publish(publicationOf(rig.broker.names.exchange));
        return performance.now() - startedAt;
      }),
    close: async () => {
      await consumer.stop();
      await rig.close();
    },
  };
}

async function medianOf(measure: () => Promise<number>): Promise<number> {
  const taken: number[] = [];
  await openLoop({ count: warmingUp + messagesPerRun, perSecond }, async (n) => {
    const ms = await measure();
    if (n >= warmingUp) taken.push(ms);
  });
  return quantile(taken, 0.5);
}
