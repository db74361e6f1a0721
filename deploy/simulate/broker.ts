import type { ConfirmChannel, ConsumeMessage, Options } from 'amqplib';
import { type EventType, events, type ServiceName } from '#libs/contracts';
import type { Chance } from './chance.ts';
import type { Faults } from './faults.ts';
import type { Host } from './host.ts';
import type { Process } from './scheduler.ts';

/** RabbitMQ as far as the services see it: queues with acknowledgements, confirms, returns, delay queues, dead letter queues. */
export interface SimBroker {
  /** Opens a channel of a process. It is closed when the process dies, or by a fault; `closed` is told then. */
  open(process: Process, closed: () => void): SimChannel;
  queue(name: string): Message[];
  /** Messages that wait in delay queues. */
  delayed(): number;
  /** Something that the broker could do now: take a publication, hear an acknowledgement, send a confirm. */
  ready(): number;
  take(n: number): string;
  /** Hands the message over to a channel, unacknowledged. */
  deliver(from: string, n: number, channel: SimChannel): ConsumeMessage;
  crash(process: Process): void;
}

export interface Message {
  content: Buffer;
  properties: { messageId?: string; type?: string; contentType?: string; headers: Record<string, unknown> };
}

export interface SimChannel {
  channel: ConfirmChannel;
  process: Process;
  isOpen(): boolean;
  unacknowledged(): number;
  close(): void;
}

interface Returned {
  properties: Message['properties'];
  fields: { exchange: string; routingKey: string };
}

interface Task {
  process: Process;
  label: string;
  run: () => void;
}

export const queueOf = (service: ServiceName): string => service;
export const deadQueueOf = (service: ServiceName): string => `${service}.dead`;

export function createBroker(deps: {
  host: Host;
  chance: Chance;
  faults: Faults;
  services: readonly ServiceName[];
  happened: (what: string) => void;
}): SimBroker {
  const { host, chance, faults, services, happened } = deps;
  const queues = new Map<string, Message[]>();
  let delayed = 0;
  const channels = new Set<SimChannel>();
  let tasks: Task[] = [];
  const unconfirmed = new Set<string>();
  const queue = (name: string): Message[] => {
    const found = queues.get(name);
    if (found !== undefined) return found;
    const made: Message[] = [];
    queues.set(name, made);
    return made;
  };

  /** Whether any queue took it. */
  function route(exchange: string, key: string, message: Message, options: Options.Publish): boolean {
    if (exchange === '') {
      queue(key).push(message);
      return true;
    }
    if (exchange.startsWith('delay.')) {
      delayed += 1;
      host.setTimer(Number(options.expiration), () => {
        delayed -= 1;
        queue(key).push(message);
      });
      return true;
    }
    const type = key as EventType;
    const listeners: readonly ServiceName[] = events[type].listeners;
    const bound = services.filter((service) => listeners.includes(service));
    for (const service of bound) {
      queue(queueOf(service)).push(message);
      if (faults.strikes(`${type} is routed twice`, 3)) queue(queueOf(service)).push(message);
    }
    // The gateway is not simulated: what only it hears has been taken.
    return listeners.length > 0;
  }

  function open(process: Process, closed: () => void): SimChannel {
    let isOpen = true;
    const returned: ((message: Returned) => void)[] = [];
    const pending = new Set<(error: Error | null) => void>();
    const inHand = new Map<ConsumeMessage, { from: string; message: Message }>();

    const task = (label: string, run: () => void) => tasks.push({ process, label, run });
    const settleInHand = (delivery: ConsumeMessage, requeue: boolean) => {
      const held = inHand.get(delivery);
      if (!isOpen || held === undefined) return;
      inHand.delete(delivery);
      if (requeue) queue(held.from).unshift(held.message);
    };

    function publish(
      exchange: string,
      key: string,
      content: Buffer,
      options: Options.Publish,
      heard: (error: Error | null) => void,
    ) {
      if (!isOpen) throw new Error('channel closed');
      const { messageId, type, contentType, headers = {} } = options;
      const properties = {
        messageId: String(messageId),
        type: String(type),
        contentType: String(contentType),
        headers,
      };
      const message: Message = { content, properties };
      pending.add(heard);
      const refused = { properties, fields: { exchange, routingKey: key } };
      const isRelay = exchange !== '' && !exchange.startsWith('delay.');
      task(`the broker takes ${key}`, () => {
        if (!isOpen) return;
        if (faults.strikes('the connection breaks before the broker has it', 2)) return closeOne();
        if (isRelay && options.mandatory && faults.strikes('its queue is missing', 2)) {
          happened('unroutable return');
          task('the broker returns it', () => {
            if (!isOpen) return;
            for (const tell of returned) tell(refused);
            confirm();
          });
          return;
        }
        const routed = route(exchange, key, message, options);
        if (!routed && options.mandatory) for (const tell of returned) tell(refused);
        if (isRelay && unconfirmed.delete(properties.messageId)) happened('confirm timeout then republish');
        if (faults.strikes('the connection breaks before the confirm', 2)) return closeOne();
        if (isRelay && faults.strikes('the confirm never comes', 2)) return void unconfirmed.add(properties.messageId);
        task(`the broker confirms ${key}`, confirm);
      });
      const confirm = () => {
        if (!isOpen || !pending.delete(heard)) return;
        heard(null);
      };
    }

    function closeOne(): void {
      if (!isOpen) return;
      isOpen = false;
      channels.delete(self);
      for (const { from, message } of [...inHand.values()].reverse()) queue(from).unshift(message);
      inHand.clear();
      if (!process.alive) return;
      for (const heard of pending) heard(new Error('channel closed'));
      closed();
    }

    const channel = {
      publish,
      on: (_name: string, tell: (typeof returned)[number]) => returned.push(tell),
      // Both travel to the broker, and are lost with the connection.
      ack: (delivery: ConsumeMessage) => void task('an acknowledgement arrives', () => settleInHand(delivery, false)),
      reject: (delivery: ConsumeMessage) => void task('a rejection arrives', () => settleInHand(delivery, true)),
    } as unknown as ConfirmChannel;
    const self: SimChannel = {
      channel,
      process,
      isOpen: () => isOpen,
      unacknowledged: () => inHand.size,
      close: closeOne,
    };
    hold.set(self, (delivery, held) => inHand.set(delivery, held));
    channels.add(self);
    return self;
  }
  const hold = new Map<SimChannel, (delivery: ConsumeMessage, held: { from: string; message: Message }) => void>();

  return {
    open,
    queue,
    delayed: () => delayed,
    ready: () => tasks.length,
    take: (n) => {
      const [taken] = tasks.splice(n, 1);
      if (taken === undefined) throw new Error('no such task');
      taken.run();
      return `${taken.process.name}: ${taken.label}`;
    },
    deliver: (from, n, to) => {
      const [message] = queue(from).splice(n, 1);
      if (message === undefined) throw new Error('no such message');
      const delivery = { content: message.content, properties: message.properties } as unknown as ConsumeMessage;
      hold.get(to)?.(delivery, { from, message });
      return delivery;
    },
    crash: (process) => {
      const written = tasks.filter((task) => task.process === process);
      tasks = tasks.filter((task) => task.process !== process);
      // What it had written into its socket arrives, up to where the connection broke.
      for (const { run } of written.slice(0, chance.below(written.length + 1))) run();
      for (const channel of [...channels]) if (channel.process === process) channel.close();
    },
  };
}
