import type pg from 'pg';
import { isConflict, isUnavailable, provesRollback, UnknownCommit } from './errors.ts';
import { sqlOver } from './sql.ts';
import type { TransactObserver } from './transact.ts';

/**
 * One statement, once with each of `values` in their order, as one SERIALIZABLE transaction, in one round trip. For a statement that decides,
 * writes and checks itself: its COMMIT is on its way before it has answered. As the BEGIN is not waited for either, a statement that must not
 * run at another isolation asks for `transaction_isolation` itself. A conflict with another transaction is tried once more; after that it is thrown, like everything else.
 * Throws UnknownCommit when nobody can say whether it happened.
 */
export type OneTrip = <Row>(text: string, values: readonly (readonly unknown[])[]) => Promise<Row[]>;

/** `pool`: of clients that send without waiting for the answer before (`pipeline: true`). */
export function oneTrip(pool: pg.Pool, observe: TransactObserver): OneTrip {
  const once = async <Row>(text: string, values: readonly (readonly unknown[])[]): Promise<Row[]> => {
    const client = await pool.connect();
    const ignore = () => {}; // the queries fail with the same error
    client.on('error', ignore);
    let broken = false;
    try {
      const sql = sqlOver(client);
      const [[begun], answered, [ended]] = await Promise.all([
        Promise.allSettled([client.query('BEGIN ISOLATION LEVEL SERIALIZABLE')]),
        Promise.allSettled(values.map((each) => sql.rows<Row>(text, each))),
        Promise.allSettled([client.query('COMMIT')]),
      ]);
      const rows = outcomeOf<Row>(begun, answered, ended);
      observe.ended('committed');
      return rows;
    } catch (error) {
      observe.ended(error instanceof UnknownCommit ? 'unknown' : 'rolled_back');
      broken = isUnavailable(error);
      throw error;
    } finally {
      client.removeListener('error', ignore);
      client.release(broken);
    }
  };
  return (text, values) =>
    once<never>(text, values).catch((error: unknown) => {
      if (!isConflict(error)) throw error;
      observe.conflict();
      return once(text, values);
    });
}

/** Committed only if PostgreSQL says so; rolled back only if it says so; everything else is unknown, for COMMIT had left already. */
function outcomeOf<Row>(
  begun: PromiseSettledResult<unknown>,
  answered: readonly PromiseSettledResult<Row[]>[],
  ended: PromiseSettledResult<pg.QueryResult>,
): Row[] {
  // The first says why; those after it say only that the transaction is over. Without its BEGIN each would have been a transaction of its own.
  const failed = answered.find((each) => each.status === 'rejected');
  if (failed !== undefined && begun.status === 'fulfilled' && provesRollback(failed.reason)) throw failed.reason;
  if (ended.status === 'rejected') {
    if (provesRollback(ended.reason)) throw ended.reason;
    throw new UnknownCommit('the connection was lost at COMMIT', { cause: ended.reason });
  }
  if (failed !== undefined) throw new UnknownCommit('a statement was lost', { cause: failed.reason });
  if (begun.status === 'rejected') throw new UnknownCommit('BEGIN was lost', { cause: begun.reason });
  if (ended.value.command !== 'COMMIT') throw new Error(`COMMIT was answered by ${ended.value.command}`);
  return answered.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
}
