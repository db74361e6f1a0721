import type { Writable } from 'node:stream';
import type { ConfirmChannel, Options } from 'amqplib';

interface Publication {
  exchange: string;
  routingKey: string;
  content: Buffer;
  messageId: string;
  options?: Options.Publish;
}

/** Resolves `true` when a queue has it on disk, `false` when no queue wanted it; rejects when the broker said no or the channel died. */
export type Publish = (publication: Publication) => Promise<boolean>;

/**
 * Mandatory unless said, persistent, confirmed. An unroutable message is returned *before* its confirm, which is positive: without looking at
 * returns it would count as published. One `return` listener per channel; one per message would leak. Known by where it was to go as well:
 * confirms come together, the earliest first, and of one message to two queues the one that has it would be taken for the one that is missing.
 */
export function publisherOn(channel: ConfirmChannel): Publish {
  const writeTogether = writesOf(channel);
  const returned = new Set<string>();
  const keyOf = (to: Pick<Publication, 'exchange' | 'routingKey'>, messageId: string) =>
    JSON.stringify([to.exchange, to.routingKey, messageId]);
  channel.on('return', ({ fields, properties }) => returned.add(keyOf(fields, String(properties.messageId))));
  return ({ exchange, routingKey, content, messageId, options }) =>
    new Promise((resolve, reject) => {
      const all: Options.Publish = { mandatory: true, ...options, messageId, persistent: true };
      channel.publish(exchange, routingKey, content, all, (error) => {
        if (error) reject(error);
        else resolve(returned.size === 0 || !returned.delete(keyOf({ exchange, routingKey }, messageId)));
      });
      writeTogether();
    });
}

/**
 * What is published in one turn of the event loop goes to the socket in one write: the client writes each message alone, and these calls of
 * the system were more than a third of what kept a relay's process busy, measured. The client hands its messages to the socket in the next turn, by an immediate
 * that it asks for on a tick; ours is the one after it. Should it do so otherwise, each is written alone again, and nothing else is different.
 */
function writesOf(channel: ConfirmChannel): () => void {
  // Not among the client's types; a simulated channel has none.
  const { stream } = (channel.connection ?? {}) as { stream?: Writable };
  let held = false;
  const letGo = () => {
    held = false;
    stream?.uncork();
  };
  return () => {
    if (held || stream === undefined) return;
    held = true;
    stream.cork();
    process.nextTick(() => setImmediate(letGo));
  };
}
