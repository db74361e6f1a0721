import type { Database } from './connect-database.ts';
import type { Sql } from './sql.ts';
import type { Transact } from './transact.ts';

/** Transactions whose `tx` is a service's own port, made anew from the SQL of each transaction. */
export const over =
  <Tx>(db: Pick<Database, 'transact'>, port: (sql: Sql) => Tx): Transact<Tx> =>
  (work, options) =>
    db.transact((sql) => work(port(sql)), options);
