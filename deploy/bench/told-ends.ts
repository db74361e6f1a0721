import { performance } from 'node:perf_hooks';
import { connect } from 'amqplib';
import type { EventType } from '#libs/contracts';
import { namesOf } from '#libs/messaging';

/** A flow takes a fraction of a second; on a loaded machine, with a queue before it, several. */
const endMsMax = 60_000;

/**
 * Hears what the services tell one another, on a queue of its own: when a flow has ended is known to the millisecond, and nobody is asked,
 * which would be work for the very system that is measured. A little later than the truth: the message follows its transaction's commit.
 */
export async function hearEnds(amqpUrl: string, types: readonly EventType[]) {
  const connection = await connect(amqpUrl, { noDelay: true });
  connection.on('error', () => undefined); // whoever waits then waits in vain, and says so
  const channel = await connection.createChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true, autoDelete: true, durable: false });
  for (const type of types) await channel.bindQueue(queue, namesOf('').exchange, type);
  const heard = new Map<string, number>();
  const waiting = new Map<string, (atMs: number) => void>();
  await channel.consume(
    queue,
    (message) => {
      if (message === null) return;
      const { type, correlationid } = JSON.parse(message.content.toString());
      const end = `${type} ${correlationid}`;
      const tell = waiting.get(end);
      if (tell === undefined) heard.set(end, performance.now());
      else tell(performance.now());
    },
    { noAck: true },
  );
  return {
    /** When this was told of the transaction (`performance.now()`). */
    at: async (type: EventType, transactionId: string): Promise<number> => {
      const end = `${type} ${transactionId}`;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`${end} was not told within ${endMsMax / 1000} s`)), endMsMax);
      });
      try {
        return heard.get(end) ?? (await Promise.race([new Promise<number>((tell) => waiting.set(end, tell)), late]));
      } finally {
        clearTimeout(timer);
        heard.delete(end);
        waiting.delete(end);
      }
    },
    close: () => connection.close(),
  };
}
