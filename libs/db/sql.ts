import { createHash } from 'node:crypto';
import pg from 'pg';

/**
 * How SQL is spoken to PostgreSQL, in a transaction or outside of one. Values are `$1, $2, …`; `bigint` columns come and go as
 * bigint, `date` as 'YYYY-MM-DD', `timestamptz` as Date. A `SUM` of bigints is numeric and comes as a string: cast it (`::bigint`).
 */
export interface Sql {
  /**
   * The rows that the statement returned. Name the columns: a `*` breaks prepared statements when a migration adds one. `planned: 'each time'`
   * is for texts made at run time, of which there are many, and whose best plan depends on the values.
   */
  rows<Row>(text: string, values?: readonly unknown[], options?: { planned?: 'once' | 'each time' }): Promise<Row[]>;
  /** How many rows the statement changed. */
  run(text: string, values?: readonly unknown[]): Promise<number>;
}

// Numbers would lose minor units above 2^53. A `date` has no time zone, and a Date at local midnight is another day elsewhere.
pg.types.setTypeParser(pg.types.builtins.INT8, BigInt);
pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text);

/** Static texts in this codebase are a few hundred. A text built at run time would fill the server's memory with plans: it stays unnamed. */
const NAMED_STATEMENTS_MAX = 2_000;
const names = new Map<string, string>();

/** Named, so that the server parses and plans each text once per connection: 2190 instead of 1720 transactions/s, measured. */
function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size >= NAMED_STATEMENTS_MAX) return known;
  const name = createHash('sha256').update(text).digest('base64url').slice(0, 22);
  names.set(text, name);
  return name;
}

/** What runs statements: a client, or a pool that takes one client per statement. */
export type Queryable = { query(config: pg.QueryConfig): Promise<pg.QueryResult> };

/** `named: false` where a pooler may run each transaction on another connection of the server, which knows none of the names. */
export function sqlOver(queryable: Queryable, { named = true }: { named?: boolean } = {}): Sql {
  const query = (text: string, values: readonly unknown[], planned: 'once' | 'each time' = 'once') => {
    const name = named && planned === 'once' ? nameOf(text) : undefined;
    return queryable.query({ text, values: [...values], ...(name === undefined ? {} : { name }) });
  };
  return {
    rows: async <Row>(
      text: string,
      values: readonly unknown[] = [],
      { planned }: { planned?: 'once' | 'each time' } = {},
    ) => (await query(text, values, planned)).rows as Row[],
    run: async (text, values = []) => (await query(text, values)).rowCount ?? 0,
  };
}
