import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { DataSource, type EntitySchema } from 'typeorm';
import type { Logger } from '#libs/runtime';
import type { Metrics } from '#libs/telemetry';
import { isUnavailable } from './errors.ts';
import { type OneTrip, oneTrip } from './one-trip.ts';
import { type Sql, sqlOver } from './sql.ts';
import { postgresTransact, type Transact, type TransactObserver } from './transact.ts';

export interface Database {
  /** For mapping and reads. Money goes through `transact`, which uses the same pool directly: TypeORM costs it 5 × the processor. */
  dataSource: DataSource;
  transact: Transact<Sql>;
  /** One statement, its own SERIALIZABLE transaction, on connections of its own: for the hottest of all. */
  oneTrip: OneTrip;
  /** One statement, its own transaction: reads, and what is idempotent by itself. */
  read: Sql;
  /** Whether the database answers; throws when not, within the timeouts below. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

interface DatabaseOptions {
  url: string;
  entities: readonly EntitySchema[];
  poolMax: number;
  applicationName: string;
  logger: Logger;
  metrics?: Metrics;
}

/** Each ends before the one that watches it: lock < statement < our own wait for the answer, which also ends when the network is silent. */
const LOCK_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 10_000;
export const QUERY_TIMEOUT_MS = 12_000;
/** A process that hangs inside a transaction holds its locks this long. Longer than the relay's wait for confirms, which is inside one. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 30_000;
/** Both for a TCP connection and for a free one of the pool: after that the caller's own caller has given up. */
export const CONNECT_TIMEOUT_MS = 5_000;
/** A new connection costs 5 ms and its prepared statements again: keep the idle ones for a while. */
export const POOL_IDLE_MS = 60_000;
/** Opened only where `oneTrip` is used. More only take turns on the processors: what waits meanwhile is worth more in one batch. */
const ONE_TRIP_CONNECTIONS = 4;
/** Services and database are started together; a database that is being restored takes longer, and then exiting is the clearer answer. */
const BOOT_WAIT_MS = 60_000;
const BOOT_PAUSE_MS = 250;

const session = {
  lock_timeout: LOCK_TIMEOUT_MS,
  statement_timeout: STATEMENT_TIMEOUT_MS,
  query_timeout: QUERY_TIMEOUT_MS,
  idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
  idleTimeoutMillis: POOL_IDLE_MS,
  keepAlive: true,
} as const;

/** Connects, and waits up to a minute for a database that is not up yet. Throws at once when it is there but refuses us. */
export async function connectDatabase(options: DatabaseOptions): Promise<Database> {
  const { logger } = options;
  // Of an idle connection: the pool has replaced it already. Without a handler it would be an uncaught exception.
  const idleLost = (err: Error) => logger.warn({ err }, 'an idle database connection was lost');
  const dataSource = new DataSource({
    type: 'postgres',
    url: options.url,
    entities: [...options.entities],
    applicationName: options.applicationName,
    poolSize: options.poolMax,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    // A service's role may not create extensions, and needs none.
    installExtensions: false,
    poolErrorHandler: idleLost,
    extra: session,
  });
  await initialize(dataSource, logger);
  const pool = (dataSource.driver as unknown as { master: pg.Pool }).master;
  const ahead = new pg.Pool({
    connectionString: options.url,
    application_name: options.applicationName,
    max: ONE_TRIP_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    pipeline: true,
    ...session,
  });
  ahead.on('error', idleLost);
  const read = sqlOver(pooled(pool));
  const observe = observer(options.metrics);
  if (options.metrics !== undefined) exposePools(options.metrics, [pool, ahead]);
  return {
    dataSource,
    transact: postgresTransact(pool, observe),
    oneTrip: oneTrip(ahead, observe),
    read,
    ping: async () => {
      await read.rows('SELECT 1');
    },
    close: async () => void (await Promise.all([ahead.end(), dataSource.destroy()])),
  };
}

async function initialize(dataSource: DataSource, logger: Logger): Promise<void> {
  for (const deadline = performance.now() + BOOT_WAIT_MS; ; await sleep(BOOT_PAUSE_MS)) {
    try {
      await dataSource.initialize();
      return;
    } catch (err) {
      if (!isUnavailable(err) || performance.now() > deadline) throw err;
      logger.warn({ err }, 'waiting for the database');
    }
  }
}

/** Not pool.query(): that closes the connection on every error, a mere violated constraint too (71 instead of 1032 retries/s, measured). */
const pooled = (pool: pg.Pool) => ({
  query: async (config: pg.QueryConfig) => {
    const client = await pool.connect();
    const ignore = () => {}; // the query fails with the same error
    client.on('error', ignore);
    let broken = false;
    try {
      return await client.query(config);
    } catch (error) {
      broken = isUnavailable(error);
      throw error;
    } finally {
      client.removeListener('error', ignore);
      client.release(broken);
    }
  },
});

function exposePools(metrics: Metrics, pools: readonly pg.Pool[]): void {
  const all = (countOf: (pool: pg.Pool) => number) => pools.reduce((sum, pool) => sum + countOf(pool), 0);
  metrics.gauge({
    name: 'db_pool_connections',
    help: 'Connections to the database by whether something runs on them',
    labels: ['state'],
    collect: (gauge) => {
      gauge.set(
        { state: 'active' },
        all((pool) => pool.totalCount - pool.idleCount),
      );
      gauge.set(
        { state: 'idle' },
        all((pool) => pool.idleCount),
      );
    },
  });
  metrics.gauge({
    name: 'db_pool_waiting',
    help: 'Pieces of work that wait for a free connection',
    collect: (gauge) => gauge.set(all((pool) => pool.waitingCount)),
  });
}

function observer(metrics: Metrics | undefined): TransactObserver {
  const outcomes = ['committed', 'rolled_back', 'unknown'] as const;
  const transactions = metrics?.counter({
    name: 'db_transactions_total',
    help: 'Transactions by how they ended; each attempt is one',
    labels: ['outcome'],
    zero: outcomes.map((outcome) => ({ outcome })),
  });
  const conflicts = metrics?.counter({
    name: 'db_serialization_retries_total',
    help: 'Transactions run again after a conflict with another one (40001, 40P01)',
    zero: [{}],
  });
  const unknowns = metrics?.counter({
    name: 'db_unknown_commits_total',
    help: 'Connections lost at COMMIT, so that only the source id can tell what happened',
    zero: [{}],
  });
  return {
    ended: (outcome) => {
      transactions?.inc({ outcome });
      if (outcome === 'unknown') unknowns?.inc();
    },
    conflict: () => conflicts?.inc(),
  };
}
