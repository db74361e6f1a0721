import { setTimeout as sleep } from 'node:timers/promises';
import express, { type Router } from 'express';
import type { EntitySchema } from 'typeorm';
import { eventTypes, listensTo, type ServiceName } from '#libs/contracts';
import { connectDatabase, type Database, isUnavailable, type Migration, requireMigrations } from '#libs/db';
import { createApp, type Listening, listen, type ShortRoute, type Step, temporarilyUnavailable } from '#libs/http';
import {
  type Broker,
  connectBroker,
  DependencyDown,
  type Handlers,
  type Retried,
  startConsumer,
  startRelay,
} from '#libs/messaging';
import {
  type BaseConfig,
  type Clock,
  createLogger,
  createReleases,
  type Logger,
  type LoopDefinition,
  type Releases,
  systemClock,
} from '#libs/runtime';
import { type Checks, createMetrics, type Metrics, type Ops, openSpanExport, startOps } from '#libs/telemetry';
import { keptDays, pruneLoop } from './keep-messages.ts';
import { refuseInsecure } from './refuse-insecure.ts';
import { startLoops } from './start-loops.ts';

/** No request of ours carries more than a few fields; what does (a webhook) reads its own body. */
const jsonLimitBytes = 64 * 1024;

/** What every service is given to wire itself with. */
export interface Platform<Config> {
  config: Config;
  logger: Logger;
  clock: Clock;
  db: Database;
  metrics: Metrics;
  /** Undefined for a service that neither hears nor tells anything. */
  broker: Broker | undefined;
  /** After a transaction that enqueued something: the message leaves now instead of at the relay's next look. */
  wakeRelay(): void;
  /** After a transaction that left work to one of the service's own loops. */
  wakeLoop(name: string): void;
  /** For what `wire` opens, such as HTTP clients; released after everything that might use it. */
  releases: Releases;
}

/** What a service is made of. */
export interface Wiring {
  routes?: Router;
  /** What every request passes first. */
  front?: readonly Step[];
  /** Those of the routes that are asked far more often than others. */
  shortRoutes?: readonly ShortRoute[];
  /** Middleware and routes that come before the body is read. */
  beforeBody?: Router;
  /** One for each event that the contracts say it listens to. */
  handlers?: Handlers;
  /** Told of messages that failed and will be tried again. */
  retried?: Retried;
  loops?: readonly LoopDefinition[];
  /** Told before HTTP drains: ends the answers that would last longer than a drain. */
  endLongAnswers?: () => void;
  /** Further dependencies, beside the database and the broker. */
  ready?: () => Promise<Checks>;
}

interface ServiceDefinition<Config extends BaseConfig> {
  name: ServiceName;
  config: Config;
  /** Checked, not run: they belong to a role that the service does not have. */
  migrations: readonly Migration[];
  entities: readonly EntitySchema[];
  wire(platform: Platform<Config>): Wiring | Promise<Wiring>;
}

export interface RunningService {
  url: string;
  opsUrl: string;
  /** Not ready, and kept connections end → the drain delay → consumer, loops, HTTP, relay, broker, database, ops: each finishes what it has in hand. */
  stop(): Promise<void>;
}

/**
 * The one anatomy: every service is started and stopped by this, in this order. What was opened is released in the reverse order,
 * also when a later step fails. Resolves when ready; rejects when the database is missing, unmigrated, or an address is taken. A broker
 * that is down keeps nothing from starting: messages wait in the outbox.
 */
export async function runService<Config extends BaseConfig>(
  definition: ServiceDefinition<Config>,
): Promise<RunningService> {
  const logger = createLogger({ name: definition.name, level: definition.config.LOG_LEVEL });
  const releases = createReleases(logger);
  try {
    return await boot(definition, logger, releases);
  } catch (cause) {
    await releases.releaseAll();
    throw new Error(`${definition.name} did not start`, { cause });
  }
}

/** Pushes what was opened on the release stack: the order of these calls is the order of the stop, reversed. */
function opened<Thing extends { stop(): Promise<void> }>(releases: Releases, name: string, thing: Thing): Thing {
  releases.push(name, () => thing.stop());
  return thing;
}

async function boot<Config extends BaseConfig>(
  definition: ServiceDefinition<Config>,
  logger: Logger,
  releases: Releases,
): Promise<RunningService> {
  const { name, config } = definition;
  refuseInsecure(config);
  const metrics = createMetrics(name);
  let checks = async (): Promise<Checks> => ({ started: false });
  const ops = opened(
    releases,
    'ops',
    await startOps({ host: config.HOST, port: config.OPS_PORT, metrics, ready: () => checks() }),
  );
  const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint !== undefined) {
    const spans = openSpanExport({ service: name, endpoint, logger });
    releases.push('spans', () => spans.stop());
  }
  const { db, messaging } = await openDependencies(definition, { logger, metrics, releases });

  let wakeLoop = (_name: string): void => undefined; // Loops begin with a run: what is woken before that is not missed.
  const wiring = await definition.wire({
    config,
    logger,
    clock: systemClock,
    db,
    metrics,
    broker: messaging?.broker,
    wakeRelay: () => messaging?.relay.wake(),
    wakeLoop: (loop) => wakeLoop(loop),
    releases,
  });
  const handlers = wiring.handlers ?? {};
  requireHandlers(name, handlers);

  const answering = {
    logger,
    metrics,
    jsonLimitBytes,
    // An unknown COMMIT is one of these: the same request with the same key finds out what happened.
    problemOf: (error: unknown) =>
      isUnavailable(error) || error instanceof DependencyDown ? temporarilyUnavailable : undefined,
  };
  const { routes = express.Router(), front = [], shortRoutes = [], beforeBody } = wiring;
  const app = createApp({ ...answering, front, shortRoutes, routes, ...(beforeBody && { beforeBody }) });
  const http = opened(releases, 'http', await listen(app, { host: config.HOST, port: config.PORT }));
  releases.push('long answers', async () => wiring.endLongAnswers?.());
  const work = [...(wiring.loops ?? []), ...(messaging === undefined ? [] : [pruneLoop(db, keptDays(config))])];
  const loops = opened(releases, 'loops', startLoops(work, { logger, metrics, clock: systemClock }));
  wakeLoop = loops.wake;
  if (messaging !== undefined) {
    const { broker } = messaging;
    const [prefetch, delaysMs] = [config.CONSUMER_PREFETCH, config.MESSAGE_DELAYS_MS];
    const retried = wiring.retried === undefined ? {} : { retried: wiring.retried };
    const consuming = { broker, service: name, handlers, logger, metrics, prefetch, delaysMs, ...retried };
    const consumer = startConsumer(consuming);
    opened(releases, 'consumer', consumer);
  }

  checks = async () => ({
    ...(await wiring.ready?.()),
    database: await answers(db),
    ...(messaging && { broker: messaging.broker.available() || 'not reachable: messages wait in the outbox' }),
  });
  ops.setReady(true);
  logger.info({ url: http.url, ops_url: ops.url }, 'ready');
  return { url: http.url, opsUrl: ops.url, stop: stopOnce({ ops, http }, config.DRAIN_DELAY_MS, logger, releases) };
}

async function openDependencies<Config extends BaseConfig>(
  { name, config, migrations, entities }: ServiceDefinition<Config>,
  { logger, metrics, releases }: { logger: Logger; metrics: Metrics; releases: Releases },
) {
  const db = await connectDatabase({
    url: config.DATABASE_URL,
    entities,
    poolMax: config.DB_POOL_MAX,
    applicationName: name,
    logger,
    metrics,
  });
  releases.push('database', () => db.close());
  await requireMigrations(db, migrations);
  if (!hasMessages(name)) return { db };
  const broker = await connectBroker({ url: config.AMQP_URL, prefix: config.AMQP_PREFIX, logger, metrics });
  releases.push('broker', () => broker.close());
  const intervalMs = config.RELAY_INTERVAL_MS;
  const relay = opened(releases, 'relay', startRelay({ db, broker, metrics, logger, intervalMs }));
  return { db, messaging: { broker, relay } };
}

const answers = (db: Database): Promise<boolean> =>
  db.ping().then(
    () => true,
    () => false,
  );

function stopOnce(
  { ops, http }: { ops: Ops; http: Listening },
  drainDelayMs: number,
  logger: Logger,
  releases: Releases,
): () => Promise<void> {
  let stopped: Promise<void> | undefined;
  async function stop(): Promise<void> {
    ops.setReady(false);
    http.drain();
    logger.info('stopping');
    await sleep(drainDelayMs);
    await releases.releaseAll();
    logger.info('stopped');
  }
  return () => {
    stopped ??= stop();
    return stopped;
  };
}

/** Whether it hears or tells anything. One that does not has no tables for messages either, and is not degraded without a broker. */
const hasMessages = (name: ServiceName): boolean =>
  listensTo(name).length > 0 || eventTypes.some((type) => type.startsWith(`${name}.`));

/** An event without a handler would go to the dead letter queue one by one, found by somebody much later. */
function requireHandlers(name: ServiceName, handlers: Handlers): void {
  const missing = listensTo(name).filter((type) => handlers[type] === undefined);
  if (missing.length > 0) throw new Error(`no handler for ${missing.join(', ')}`);
}
