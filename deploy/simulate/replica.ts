import type { ConsumeMessage } from 'amqplib';
import type { ServiceName } from '#libs/contracts';
import type { Transact } from '#libs/db';
import {
  createReceiver,
  type Handlers,
  namesOf,
  type OutboxTx,
  publisherOn,
  type Received,
  type Retried,
  relayBatch,
} from '#libs/messaging';
import { createLogger } from '#libs/runtime';
import type { Metrics } from '#libs/telemetry';
import { deadQueueOf, queueOf, type SimBroker, type SimChannel } from './broker.ts';
import type { Process, Scheduler } from './scheduler.ts';

export const logger = createLogger({ name: 'simulate', level: 'silent' });

const ignored = { inc: () => {}, observe: () => {}, set: () => {}, startTimer: () => () => 0 };
/** Counts nothing: a registry per life of a process would be most of a schedule's work. */
export const noMetrics = {
  counter: () => ignored,
  gauge: () => ignored,
  histogram: () => ignored,
} as unknown as Metrics;

const names = { ...namesOf(''), queue: queueOf, dead: deadQueueOf };
/** As in production. Patience with a dependency that is down runs by the process's own clock, which no schedule waits for. */
const waits = { delaysMs: [60_000, 300_000, 900_000] as const, patienceMs: 600_000 };
/** Fewer than in production, so that queues are long enough for their order to matter. */
const prefetch = 3;
const relayBatchMax = 4;

/** Something that a process does now and then. */
export interface Loop {
  name: string;
  run: () => Promise<unknown>;
  /** Whether it would find something to do: mostly it runs then. */
  hasWork: () => boolean;
}

/** What a service is made of, for one life of one process. */
export interface Wired {
  handlers: Handlers;
  retried?: Retried;
  loops: Loop[];
  outbox: { transact: Transact<OutboxTx>; hasWork: () => boolean };
}

/** One replica of a service: the same code as in production from the delivery of a message to its acknowledgement. */
export interface Replica {
  service: ServiceName;
  process: Process;
  /** Whether it would take another message now. */
  wantsMessage(): boolean;
  receive(from: string, n: number): void;
  /** Loops that are not running now. */
  idle(): Loop[];
  start(loop: string): void;
}

/** Begins a life. */
export function bootReplica(deps: {
  service: ServiceName;
  process: Process;
  scheduler: Scheduler;
  broker: SimBroker;
  wired: Wired;
  isPoisoned: (messageId: string) => boolean;
}): Replica {
  const { isPoisoned, service, process, scheduler, broker, wired } = deps;
  const handlers = Object.fromEntries(
    Object.entries(wired.handlers).map(([type, handle]) => [
      type,
      async (event: Received) => {
        if (isPoisoned(`${service} ${event.id}`)) throw new Error('a bug');
        await (handle as (event: Received) => Promise<void>)(event);
      },
    ]),
  ) as Handlers;
  const receive = createReceiver({ ...wired, ...waits, handlers, service, names, logger, metrics: noMetrics });
  let consuming = consume();
  let relaying = openRelay();
  const running = new Set<string>();

  function consume(): { channel: SimChannel; take: (message: ConsumeMessage) => Promise<void> } {
    const gone = new AbortController();
    const channel = broker.open(process, () => {
      gone.abort();
      consuming = consume();
    });
    const session = { channel: channel.channel, publish: publisherOn(channel.channel), over: gone.signal };
    return { channel, take: (message) => receive(message, session) };
  }
  function openRelay() {
    const channel: SimChannel = broker.open(process, () => {
      relaying = openRelay();
    });
    return { channel, publish: publisherOn(channel.channel) };
  }
  async function relay(): Promise<void> {
    const { channel, publish } = relaying;
    const sent = await relayBatch({
      transact: wired.outbox.transact,
      exchange: names.exchange,
      publish,
      batchMax: relayBatchMax,
    });
    if (sent.timedOut) channel.close();
  }
  const loops: Loop[] = [...wired.loops, { name: 'relay', run: relay, hasWork: wired.outbox.hasWork }];

  return {
    service,
    process,
    wantsMessage: () => consuming.channel.unacknowledged() < prefetch,
    receive: (from, n) => {
      const message = broker.deliver(from, n, consuming.channel);
      const { take } = consuming;
      scheduler.spawn(process, () => take(message), { done: () => {}, failed: rethrow, lost: () => {} });
    },
    idle: () => (running.size === 0 ? loops : loops.filter(({ name }) => !running.has(name))),
    start: (name) => {
      const loop = loops.find((one) => one.name === name);
      if (loop === undefined) throw new Error(`no loop ${name}`);
      running.add(name);
      const ended = () => void running.delete(name);
      scheduler.spawn(process, loop.run, { done: ended, failed: ended, lost: () => {} });
    },
  };
}

function rethrow(error: unknown): never {
  throw error;
}
