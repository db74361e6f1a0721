import type { Channel } from 'amqplib';
import { listensTo, type ServiceName, serviceNames } from '#libs/contracts';

/** Three waits between four tries: a hiccup, a deployment, an outage. What still fails then needs a human and goes to the DLQ. */
const DELAY_TIERS = 3;
/**
 * How often a message may come back without an answer (its consumer died, or its channel did) before it is dead-lettered: one that
 * kills the process must not do so for ever. Given explicitly, because RabbitMQ 3.10 has no default and 4.x has 20.
 */
const DELIVERY_LIMIT = 20;
/**
 * Where a message may be looked at any number of times: explicit for the same reason, 4.x would drop it after 20 looks. Not -1, which 4.x
 * takes for "no limit", but 3.10 for a limit: there the message of a collector that died was gone at its first return, measured.
 */
const FAR_LIMIT = 1_000_000_000;
/** Of queues that nobody consumes: nothing ever comes back to them. */
const NO_LIMIT = -1;

export interface Names {
  /** The topic exchange; routing keys are event types. */
  exchange: string;
  queue(service: ServiceName): string;
  dead(service: ServiceName): string;
  /** Tier 1, 2, 3: a fanout exchange and a queue of the same name. */
  delay(tier: number): string;
}

export const namesOf = (prefix: string): Names => ({
  exchange: `${prefix}piggybank.events`,
  queue: (service) => `${prefix}${service}`,
  dead: (service) => `${prefix}${service}.dead`,
  delay: (tier) => `${prefix}delay.${tier}`,
});

/**
 * Declares everything, everybody's queues too, whoever comes first: a message to a service that never started waits in its queue.
 * Quorum queues, because they lose nothing when a broker dies; dead-lettering at least once, which needs reject-publish.
 *
 * A delay queue has no consumer. Its messages expire (each carries its own time, so that changing a delay never meets an old
 * declaration) and are dead-lettered to the default exchange by the routing key that they were published with, the consumer's queue:
 * the fanout exchange before it is what lets that key be any.
 *
 * `asFound` are queues that are not declared, because they are there with other arguments.
 */
export async function assertTopology(
  channel: Channel,
  names: Names,
  asFound: ReadonlySet<string> = new Set(),
): Promise<void> {
  const quorum = { 'x-queue-type': 'quorum' };
  const deadLettering = {
    'x-dead-letter-exchange': '',
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish',
  };
  const assertQueue = (name: string, limit: number, more: object = {}) =>
    channel.assertQueue(name, { durable: true, arguments: { ...quorum, 'x-delivery-limit': limit, ...more } });

  await channel.assertExchange(names.exchange, 'topic', { durable: true });
  for (let tier = 1; tier <= DELAY_TIERS; tier++) {
    const name = names.delay(tier);
    await channel.assertExchange(name, 'fanout', { durable: true });
    await assertQueue(name, NO_LIMIT, deadLettering);
    await channel.bindQueue(name, name, '');
  }
  for (const service of serviceNames) {
    if (!asFound.has(names.dead(service))) await assertQueue(names.dead(service), FAR_LIMIT);
    const toDead = { ...deadLettering, 'x-dead-letter-routing-key': names.dead(service) };
    await assertQueue(names.queue(service), DELIVERY_LIMIT, toDead);
    for (const type of listensTo(service)) await channel.bindQueue(names.queue(service), names.exchange, type);
  }
}

/**
 * What a channel that could not be opened says of the dead letter queues. One that an earlier release declared with another limit is used
 * as it is: a queue's arguments cannot be changed, and whoever deletes it deletes what is in it. Once it is gone, it is declared anew.
 */
export function learnDeadQueues(asFound: Set<string>, error: unknown, names: Names): void {
  const [, other] = /inequivalent arg 'x-delivery-limit' for queue '([^']+)'/.exec(String(error)) ?? [];
  if (other !== undefined && serviceNames.map(names.dead).includes(other)) asFound.add(other);
  const [, gone] = /no queue '([^']+)'/.exec(String(error)) ?? [];
  if (gone !== undefined) asFound.delete(gone);
}
