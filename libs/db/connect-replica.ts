import pg from 'pg';
import type { Logger } from '#libs/runtime';
import { CONNECT_TIMEOUT_MS, POOL_IDLE_MS, QUERY_TIMEOUT_MS } from './connect-database.ts';
import type { Sql } from './sql.ts';
import { postgresTransact, type Transact } from './transact.ts';

/** A copy of a database that others write, for reads that may be a little old. */
export interface Replica {
  transact: Transact<Sql>;
  close(): Promise<void>;
}

interface ReplicaOptions {
  url: string;
  poolMax: number;
  applicationName: string;
  logger: Logger;
}

const unobserved = { ended: () => undefined, conflict: () => undefined };

/**
 * Connects at the first use: a replica that is down must not keep anybody from starting. It may stand behind PgBouncer in transaction mode, so
 * statements have no names, and a session no settings of its own: what a transaction wants it sets for itself.
 */
export function connectReplica({ url, poolMax, applicationName, logger }: ReplicaOptions): Replica {
  const pool = new pg.Pool({
    connectionString: url,
    max: poolMax,
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    idleTimeoutMillis: POOL_IDLE_MS,
    keepAlive: true,
  });
  pool.on('error', (err) => logger.warn({ err }, 'an idle connection to the replica was lost'));
  return { transact: postgresTransact(pool, unobserved, { named: false }), close: () => pool.end() };
}
