import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfirmChannel, ConsumeMessage } from 'amqplib';
import { type ServiceName, serviceNames } from '#libs/contracts';
import type { Logger } from '#libs/runtime';
import type { Broker } from './broker.ts';
import { type Publish, publisherOn } from './publisher.ts';

/** A message as the dead letter queue (DLQ) of a service holds it: what it was, byte for byte, and why it could not be processed. */
export interface DeadMessage {
  /** Whose queue it died in. */
  consumer: ServiceName;
  /** Of this death: the same each time that this very copy is delivered, another one when the message dies again. */
  deathId: string;
  /** The publisher's; of a message without one, the death's. */
  messageId: string;
  type: string | null;
  contentType: string | null;
  traceparent: string | null;
  content: Buffer;
  /** What was wrong, without values (see `reasonOf`); RabbitMQ's own word where it gave up, such as `delivery_limit`. */
  reason: string;
  /** How many tries it had. */
  attempts: number;
  /** Null where RabbitMQ gave up, which says so in seconds of a header of its own only. */
  diedAt: Date | null;
  headers: Record<string, unknown>;
}

interface CollectorOptions {
  broker: Broker;
  /** Stores it. Called again for the same death until it succeeds, and perhaps once more after that. */
  collect: (message: DeadMessage) => Promise<void>;
  logger: Logger;
}

/** Dead messages are rare, and each is a transaction: a flood of them may wait in its queue, it must not take the pool. */
const PREFETCH = 4;
/** More tries than any message has. A header may say anything, and what cannot be stored would come again for ever. */
const ATTEMPTS_MAX = 1_000;
/** While the collector's database is down: soon at first, at most five seconds after it is back. */
const PAUSE_MS_MIN = 100;
const PAUSE_MS_MAX = 5_000;
const DRAIN_MS = 10_000;

/**
 * Empties every service's DLQ into `collect`. A message leaves its queue only once it is stored; while storing fails it stays there,
 * and nothing is counted or dropped. Any number of replicas share the queues.
 */
export function startCollector({ broker, collect, logger }: CollectorOptions) {
  const stopping = new AbortController();
  const inHand = new Set<Promise<void>>();
  const failing = new Set<ConsumeMessage>();

  async function take(channel: ConfirmChannel, message: ConsumeMessage, consumer: ServiceName, over: AbortSignal) {
    const dead = readDeadMessage(message, consumer);
    for (let pauseMs = PAUSE_MS_MIN; !over.aborted; pauseMs = Math.min(PAUSE_MS_MAX, pauseMs * 2)) {
      try {
        await collect(dead);
        if (!over.aborted) channel.ack(message);
        break;
      } catch (err) {
        failing.add(message);
        logger.warn(
          { err, consumer, message_id: dead.messageId, pause_ms: pauseMs },
          'a dead message waits in its queue',
        );
      }
      await sleep(pauseMs, undefined, { signal: over }).catch(() => {});
    }
    failing.delete(message);
  }

  const kept = broker.keepChannel({
    name: 'collector of dead messages',
    open: async (channel, gone) => {
      const over = AbortSignal.any([gone, stopping.signal]);
      await channel.prefetch(PREFETCH);
      const tags: string[] = [];
      for (const consumer of serviceNames) {
        const { consumerTag } = await channel.consume(broker.names.dead(consumer), (message) => {
          if (message === null) return void channel.close().catch(() => {}); // somebody deleted the queue
          const work = take(channel, message, consumer, over).finally(() => inHand.delete(work));
          inHand.add(work);
        });
        tags.push(consumerTag);
      }
      return { cancel: () => Promise.all(tags.map((tag) => channel.cancel(tag))) };
    },
  });

  return {
    /** Whether the queues are being emptied and all of it could be stored: what is stored is all there is only then. */
    collecting: (): boolean => kept.session() !== undefined && broker.available() && failing.size === 0,
    stop: async (): Promise<void> => {
      await kept
        .session()
        ?.cancel()
        .catch(() => {}); // without a channel nothing is delivered anyway
      stopping.abort();
      await Promise.race([Promise.all(inHand), sleep(DRAIN_MS, undefined, { ref: false })]);
      await kept.stop();
    },
  };
}

function readDeadMessage(message: ConsumeMessage, consumer: ServiceName): DeadMessage {
  const { headers = {}, messageId, type, contentType } = message.properties;
  const { 'x-death-id': given, 'x-reason': reason, 'x-died-at': diedAt, 'x-attempt': attempt, traceparent } = headers;
  const isOurs = typeof given === 'string' && deathIdForm.test(given);
  const deathId = isOurs ? given : deathIdOf(message, consumer);
  return {
    consumer,
    deathId,
    messageId: textOf(messageId) ?? deathId,
    type: textOf(type),
    contentType: textOf(contentType),
    traceparent: textOf(traceparent),
    content: message.content,
    // A retried message carries the reason of its last failure on: without our mark it was RabbitMQ that gave up.
    reason: (isOurs ? textOf(reason) : brokersReason(headers)) ?? 'unknown',
    attempts: typeof attempt === 'number' && attempt >= 1 ? Math.floor(Math.min(attempt, ATTEMPTS_MAX)) : 1,
    diedAt: typeof diedAt === 'string' && instantForm.test(diedAt) ? new Date(diedAt) : null,
    headers,
  };
}

/** As `putAside` writes them. */
const deathIdForm = /^[0-9a-f-]{36}$/;
const instantForm = /^2\d{3}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/** `x-death` lists the latest death first (RabbitMQ, "Dead Letter Exchanges"). */
function brokersReason(headers: Record<string, unknown>): string | null {
  const deaths: unknown = headers['x-death'];
  return Array.isArray(deaths) ? textOf((deaths[0] as { reason?: unknown } | undefined)?.reason) : null;
}

/** Of one that RabbitMQ buried: from all that distinguishes this copy, so that a second delivery of it is not a second death. */
const deathIdOf = ({ properties, content }: ConsumeMessage, consumer: ServiceName): string =>
  createHash('sha256')
    .update(JSON.stringify([consumer, properties.messageId, properties.headers?.['x-death']]))
    .update(content)
    .digest('hex');

/** A dead message on its way back to the queue that it died in. */
export type Revived = Pick<DeadMessage, 'consumer' | 'messageId' | 'type' | 'contentType' | 'traceparent' | 'content'>;

/** Less than any lease of who replays, far more than a healthy broker needs (3 ms). */
const CONFIRM_TIMEOUT_MS = 10_000;

/**
 * Puts messages back into the queue of the one service that failed on them, under their own id and with all their tries: the others
 * who heard the event are not told again, and an inbox that has the id does nothing.
 */
export function openRedelivery(broker: Broker) {
  const kept = broker.keepChannel<Publish>({ name: 'redelivery', open: async (channel) => publisherOn(channel) });
  return {
    available: (): boolean => kept.session() !== undefined && broker.available(),
    /** Resolves once the queue has it on disk. Throws when it is not certain that it has: then it is sent again. */
    redeliver: async ({ consumer, messageId, type, contentType, traceparent, content }: Revived): Promise<void> => {
      const publish = kept.session();
      if (publish === undefined) throw new Error('there is no connection to RabbitMQ');
      const sent = publish({
        exchange: '',
        routingKey: broker.names.queue(consumer),
        content,
        messageId,
        options: {
          ...(type === null ? {} : { type }),
          ...(contentType === null ? {} : { contentType }),
          headers: { 'x-attempt': 1, ...(traceparent === null ? {} : { traceparent }) },
        },
      });
      if (!(await within(sent, CONFIRM_TIMEOUT_MS, () => kept.reset())))
        throw new Error(`${broker.names.queue(consumer)} is missing`);
    },
    stop: () => kept.stop(),
  };
}

/** Rejects when the time is over, after `late`. */
async function within<R>(work: Promise<R>, timeoutMs: number, late: () => void): Promise<R> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      late();
      reject(new Error(`RabbitMQ did not confirm within ${timeoutMs} ms`));
    }, timeoutMs);
  });
  return Promise.race([work, expired]).finally(() => clearTimeout(timer));
}
