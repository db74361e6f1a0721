import { connect, type RecoveringChannelModel } from 'amqplib';
import type { Logger } from '#libs/runtime';
import type { Metrics } from '#libs/telemetry';
import { type ChannelUse, type KeptChannel, keepChannel } from './kept-channel.ts';
import { type Names, namesOf } from './topology.ts';

export interface Broker {
  names: Names;
  /** Whether messages can be published now: connected, and not stopped by the broker for want of memory or disk. */
  available(): boolean;
  /** A channel that is opened again for ever, on every new connection. */
  keepChannel<Session>(use: ChannelUse<Session>): KeptChannel<Session>;
  close(): Promise<void>;
}

interface BrokerOptions {
  url: string;
  /** Before every name, so that several systems can share a broker. */
  prefix: string;
  logger: Logger;
  metrics: Metrics;
}

/** Two missed heartbeats mean a dead peer: a silent network is noticed in 20 s instead of the 2 minutes of the default. */
const HEARTBEAT_S = 10;
/** Of TCP, TLS and the AMQP handshake together. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** The first connection is waited for this long, which a running broker never needs; without one the service starts degraded. */
const FIRST_CONNECTION_WAIT_MS = 3_000;
/** A broker restarts in 3–10 s: five seconds between the later tries are noticed by nobody and spare it. */
const RECOVERY = { initialDelay: 100, maxDelay: 5_000 };
const SOCKET = {
  noDelay: true, // Nagle's algorithm made 67 ms of a path that takes 3, measured.
  keepAlive: true,
  // A batch of a relay, 500 messages of some hundred bytes, in one write. At Node's 16 kB the client stops, and then writes each message alone.
  highWaterMark: 1024 * 1024,
  timeout: HANDSHAKE_TIMEOUT_MS,
};

/**
 * Connects, and stays connected: after every loss again, without a human. Resolves when connected or after three seconds without, for
 * a service with an outbox works on while RabbitMQ is down. Throws only for a URL that is none.
 */
export async function connectBroker({ url, prefix, logger, metrics }: BrokerOptions): Promise<Broker> {
  const connected = metrics.gauge({ name: 'amqp_connected', help: 'Whether there is a connection to RabbitMQ' });
  connected.set(0);
  const connection = await connect(withHeartbeat(url), {
    ...SOCKET,
    recovery: { ...RECOVERY, waitForConnect: false },
  });
  const state = { connected: false, blocked: false };
  const set = (change: Partial<typeof state>) => {
    Object.assign(state, change);
    connected.set(state.connected ? 1 : 0);
  };
  // Without a listener for `error`, a dying broker would take this process along.
  connection.on('error', (err) => logger.warn({ err }, 'RabbitMQ connection failed'));
  connection.on('connect', () => set({ connected: true, blocked: false }));
  connection.on('disconnect', (err) => {
    set({ connected: false });
    logger.warn({ err }, 'RabbitMQ connection lost, connecting again');
  });
  connection.on('connect-failed', (err) => logger.warn({ err }, 'RabbitMQ is not reachable'));
  connection.on('blocked', (reason) => {
    set({ blocked: true });
    logger.warn({ reason }, 'RabbitMQ takes no messages');
  });
  connection.on('unblocked', () => set({ blocked: false }));
  await firstConnection(connection);

  const names = namesOf(prefix);
  const asFound = new Set<string>();
  return {
    names,
    available: () => state.connected && !state.blocked,
    keepChannel: (use) => keepChannel({ connection, names, asFound, logger }, use),
    close: async () => {
      await connection.close();
      set({ connected: false });
    },
  };
}

/** In the URL, for the library reads it nowhere else; one that is given there is kept. */
function withHeartbeat(url: string): string {
  const parsed = new URL(url);
  if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(HEARTBEAT_S));
  return parsed.href;
}

async function firstConnection(connection: RecoveringChannelModel): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const waited = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, FIRST_CONNECTION_WAIT_MS);
  });
  await Promise.race([connection.waitForConnect(), waited]);
  clearTimeout(timer);
}
