import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceName } from '#libs/contracts';
import type { Logger } from '#libs/runtime';
import type { Metrics } from '#libs/telemetry';
import type { Broker } from './broker.ts';
import { publisherOn } from './publisher.ts';
import { createReceiver, type Handlers, type Retried } from './receive.ts';

export interface ConsumerOptions {
  broker: Broker;
  /** Whose queue. */
  service: ServiceName;
  handlers: Handlers;
  logger: Logger;
  metrics: Metrics;
  /** Messages in hand at once, each in a transaction of its own. */
  prefetch?: number;
  /** The waits before tries 2, 3 and 4. */
  delaysMs?: readonly [number, number, number];
  retried?: Retried;
  /** How long a message is kept in hand for a dependency that is down. */
  patienceMs?: number;
  /** How long `stop` waits for what is in hand. */
  drainMs?: number;
}

/** Twice a pool of ten keeps it busy. One at a time reaches 1.5 k/s, measured; hundreds only wait for a connection. */
const PREFETCH = 20;
const DELAYS_MS = [60_000, 300_000, 900_000] as const;
const DRAIN_MS = 10_000;

/** Consumes a service's queue until stopped. `stop` takes no more, lets what is in hand finish, and gives the rest back. */
export function startConsumer(options: ConsumerOptions): { stop(): Promise<void> } {
  const { broker, service, prefetch = PREFETCH, delaysMs = DELAYS_MS, drainMs = DRAIN_MS } = options;
  const stopping = new AbortController();
  const inHand = new Set<Promise<void>>();
  const receive = createReceiver({ ...options, delaysMs, names: broker.names });

  const kept = broker.keepChannel({
    name: `consumer of ${service}`,
    open: async (channel, gone) => {
      const session = { channel, publish: publisherOn(channel), over: AbortSignal.any([gone, stopping.signal]) };
      // In an outage each message in hand waits on it; Node takes more than ten for a leak.
      setMaxListeners(prefetch + 1, session.over);
      // Per consumer: quorum queues refuse the global kind.
      await channel.prefetch(prefetch);
      const { consumerTag } = await channel.consume(broker.names.queue(service), (message) => {
        // null: somebody deleted the queue. A new channel declares it again.
        if (message === null) return void channel.close().catch(() => {});
        const work = receive(message, session).finally(() => inHand.delete(work));
        inHand.add(work);
      });
      return { cancel: () => channel.cancel(consumerTag) };
    },
  });

  async function drain(): Promise<void> {
    await kept
      .session()
      ?.cancel()
      .catch(() => {}); // without a channel nothing is delivered anyway
    await Promise.all(inHand);
  }

  return {
    stop: async () => {
      stopping.abort();
      await Promise.race([drain(), sleep(drainMs, undefined, { ref: false })]);
      await kept.stop();
    },
  };
}
