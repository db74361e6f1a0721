import type { EventType } from '#libs/contracts';
import type { Broker } from './broker.ts';

/** Wake-ups that nobody fetched for so long are not worth more memory of the broker; who misses one looks by themselves later. */
const waitingMax = 10_000;

/**
 * Hears of events without owning them: a queue of this process alone, which is gone with its connection, beside the services' own queues.
 * For wake-ups only: `heard` is told the transaction that an event is about. Nothing is kept while there is no connection, so it may miss
 * any; `changed` is called whenever it begins to listen, which is the time to look at everything, and whenever it has ceased to.
 */
export function watchEvents(options: {
  broker: Broker;
  types: readonly EventType[];
  heard: (transactionId: string) => void;
  changed: () => void;
}): { listening(): boolean; stop(): Promise<void> } {
  const { broker, types, heard, changed } = options;
  const kept = broker.keepChannel({
    name: 'watcher',
    opened: changed,
    open: async (channel, gone) => {
      gone.addEventListener('abort', changed);
      // Classic, because a quorum queue cannot be exclusive. Named by the broker: any number of replicas have one each.
      const { queue } = await channel.assertQueue('', {
        exclusive: true,
        autoDelete: true,
        durable: false,
        arguments: { 'x-max-length': waitingMax },
      });
      for (const type of types) await channel.bindQueue(queue, broker.names.exchange, type);
      await channel.consume(
        queue,
        (message) => {
          // null: somebody deleted the queue. A new channel declares another.
          if (message === null) return void channel.close().catch(() => {});
          const about = subjectOf(message.content);
          if (about !== undefined) heard(about);
        },
        { noAck: true },
      );
      return true;
    },
  });
  return { listening: () => kept.session() === true, stop: () => kept.stop() };
}

/** Not checked further: whoever is woken reads the truth elsewhere. */
function subjectOf(content: Buffer): string | undefined {
  try {
    const { correlationid } = JSON.parse(content.toString('utf8')) as { correlationid?: unknown };
    return typeof correlationid === 'string' ? correlationid : undefined;
  } catch {
    return undefined;
  }
}
