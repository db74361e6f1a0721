import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { inSpan } from '#libs/runtime';
import { Contended, isConflict, isUnavailable, provesRollback, UnknownCommit } from './errors.ts';
import { type Sql, sqlOver } from './sql.ts';

type Isolation = 'read committed' | 'repeatable read' | 'serializable';

interface TransactOptions {
  /** `read committed` unless said. */
  isolation?: Isolation;
  /** What to do when the connection is lost at COMMIT. `rerun` only for work that finds its earlier self by its source id. */
  onUnknownCommit?: 'rerun' | 'throw';
  /** How often it is run before the conflicts are given up as Contended; 10 unless said. */
  attemptsMax?: number;
  /** An earlier try of the same work whose COMMIT nobody answered: this one finds out, and what it cannot find out stays unknown. */
  after?: UnknownCommit | undefined;
}

/**
 * Runs `work` in one transaction: all of it or nothing. The work may run several times (conflicts), so it has no effect but through
 * `tx`: no HTTP, no AMQP, no waiting inside. Throws what the work threw; UnknownCommit when nobody can say whether it happened; Contended
 * when every attempt met a conflict.
 */
export type Transact<Tx> = <R>(work: (tx: Tx) => Promise<R>, options?: TransactOptions) => Promise<R>;

/** What the transactions tell the metrics. */
export interface TransactObserver {
  ended(outcome: 'committed' | 'rolled_back' | 'unknown'): void;
  conflict(): void;
}

/** 40001 and 40P01 on one hot row came up to 14 times per transaction under 32 clients, measured; behind the queue per wallet, never. */
const ATTEMPTS_MAX = 10;
/** A few transactions' length. Capped, because uncapped doubling made the slowest one wait for seconds. */
const RETRY_BASE_MS = 2;
const RETRY_CAP_MS = 50;
/** After an unknown COMMIT the database is often restarting, which takes 0.1–2 s; together these wait for 3.8 s. */
const RERUN_PAUSES_MS = [50, 250, 500, 1_000, 2_000];

/** Runs work in one transaction, once. Throws what it threw, and UnknownCommit when nobody can say whether it happened. */
export type TransactOnce<Tx> = <R>(work: (tx: Tx) => Promise<R>, isolation: Isolation) => Promise<R>;

export const postgresTransact = (
  pool: pg.Pool,
  observe: TransactObserver,
  statements: { named?: boolean } = {},
): Transact<Sql> => {
  const transact = withRepeats<Sql>(
    (work, isolation) => transactOnce(pool, work, { isolation, observe, statements }),
    observe,
  );
  return (work, options) =>
    inSpan({ name: 'transaction', kind: 'internal', attributes: { 'db.system.name': 'postgresql' } }, () =>
      transact(work, options),
    );
};

/** The rules of when a transaction is run again, over whatever runs it once. */
export function withRepeats<Tx>(once: TransactOnce<Tx>, observe: Pick<TransactObserver, 'conflict'>): Transact<Tx> {
  return async (
    work,
    { isolation = 'read committed', onUnknownCommit = 'throw', attemptsMax = ATTEMPTS_MAX, after } = {},
  ) => {
    let unknown = after;
    let reruns = 0;
    for (let attempt = 1; ; ) {
      try {
        return await once(work, isolation);
      } catch (thrown) {
        const conflict = isConflict(thrown);
        if (conflict && attempt < attemptsMax) {
          observe.conflict();
          await sleep(Math.random() * Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** attempt));
          attempt++;
          continue;
        }
        const error = conflict ? new Contended(`${attemptsMax} attempts met a conflict`, { cause: thrown }) : thrown;
        if (error instanceof UnknownCommit) unknown = error;
        // An unreachable database after an unknown COMMIT leaves it unknown: to answer "unavailable" would say that nothing happened.
        if (unknown === undefined || !isUnavailable(error)) throw error;
        const pause = onUnknownCommit === 'rerun' ? RERUN_PAUSES_MS[reruns++] : undefined;
        if (pause === undefined) throw unknown;
        await sleep(pause);
      }
    }
  };
}

async function transactOnce<R>(
  pool: pg.Pool,
  work: (tx: Sql) => Promise<R>,
  {
    isolation,
    observe,
    statements,
  }: { isolation: Isolation; observe: TransactObserver; statements: { named?: boolean } },
): Promise<R> {
  const client = await pool.connect();
  // Between two queries a dying connection has nobody to tell; without a listener it would take the process along.
  const ignore = () => {};
  client.on('error', ignore);
  let broken = false;
  const transaction = openTransaction(client, statements);
  try {
    await client.query(`BEGIN ISOLATION LEVEL ${isolation.toUpperCase()}`);
    const result = await work(transaction.sql);
    transaction.close();
    await commit(client);
    observe.ended('committed');
    return result;
  } catch (error) {
    transaction.close();
    observe.ended(error instanceof UnknownCommit ? 'unknown' : 'rolled_back');
    broken = isUnavailable(error) || !(await rollBack(client));
    throw error;
  } finally {
    client.removeListener('error', ignore);
    // `true` destroys the connection: a half-finished transaction must not become the next one's.
    client.release(broken);
  }
}

/** Statements of one transaction. Closed with it: a forgotten `await` would otherwise write into the next transaction of this client. */
function openTransaction(client: pg.PoolClient, statements: { named?: boolean }): { sql: Sql; close(): void } {
  let open = true;
  const query = (config: pg.QueryConfig) => {
    if (!open) throw new Error('the transaction of this statement is over: an await is missing');
    return client.query(config);
  };
  const sql = sqlOver({ query }, statements);
  return {
    sql,
    close: () => {
      open = false;
    },
  };
}

async function commit(client: pg.PoolClient): Promise<void> {
  let answer: pg.QueryResult;
  try {
    answer = await client.query('COMMIT');
  } catch (error) {
    if (provesRollback(error)) throw error;
    throw new UnknownCommit('the connection was lost at COMMIT', { cause: error });
  }
  // PostgreSQL answers the COMMIT of an aborted transaction with ROLLBACK, and the driver reports that as a success.
  if (answer.command !== 'COMMIT') {
    throw new Error(`COMMIT was answered by ${answer.command}: an error inside the transaction was swallowed`);
  }
}

async function rollBack(client: pg.PoolClient): Promise<boolean> {
  try {
    await client.query('ROLLBACK');
    return true;
  } catch {
    return false;
  }
}
