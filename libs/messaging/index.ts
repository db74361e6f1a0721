export { type Broker, connectBroker } from './broker.ts';
export { type ConsumerOptions, startConsumer } from './consumer.ts';
export { type DeadMessage, openRedelivery, type Revived, startCollector } from './dead-letters.ts';
export {
  type MemoryMessages,
  type MessageSource,
  type MessageTx,
  memoryMessages,
  messagingSchema,
  postgresMessages,
} from './messages.ts';
export { type KeptDays, pruneMessages, pruningByPlace, pruningSchema } from './pruning.ts';
export { publisherOn } from './publisher.ts';
export { createReceiver, DependencyDown, type Handlers, type Received, type Retried } from './receive.ts';
export { type OutboxRow, type OutboxTx, type Relay, type RelayOptions, relayBatch, startRelay } from './relay.ts';
export { messagesHeardAmong, messagesToldAbout, storySchema } from './story.ts';
export { namesOf } from './topology.ts';
export { watchEvents } from './watch-events.ts';
