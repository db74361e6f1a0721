import type { Transact } from './transact.ts';

/**
 * The second implementation of every store: tables in memory with keys, unique constraints and transactions that roll back, so that
 * thousands of crash and reorder schedules run over the real decisions in a minute. Isolation is not shown here (transactions run one
 * at a time); that is proven on PostgreSQL.
 */
export interface MemoryDatabase {
  table<Row extends object>(definition: TableDefinition<Row>): MemoryTable<Row>;
  /** Transactions whose `tx` is `port`: the stores that write into this database's tables. */
  over<Tx>(port: Tx): Transact<Tx>;
  /** All rows, for another database that has the same tables, made in the same order. */
  dump(): MemoryDump;
  load(dump: MemoryDump): void;
}

/** Of each table its rows by key. */
export type MemoryDump = readonly (readonly (readonly [string, object])[])[];

interface TableDefinition<Row> {
  key: (row: Row) => string;
  /** What violating the primary key is called; give the name that it has in the migration. */
  keyConstraint?: string;
  /** Further unique constraints by name. A row for which one gives null is not covered by it (a partial unique index). */
  unique?: Record<string, (row: Row) => string | null>;
}

/** Rows are frozen values: a change is a new row, never a hand on an old one. */
interface MemoryTable<Row> {
  get(key: string): Row | undefined;
  /** Throws a UniqueViolation, whose `constraint` constraintOf() reads. As in PostgreSQL the transaction is lost then. */
  insert(row: Row): void;
  /** INSERT … ON CONFLICT DO NOTHING: whether it was inserted. */
  insertIfAbsent(row: Row): boolean;
  /** The row as it is now, or undefined if there is none of that key. */
  update(key: string, change: Partial<Row>): Row | undefined;
  delete(key: string): boolean;
  all(): readonly Row[];
  filter(claim: (row: Row) => boolean): Row[];
}

class UniqueViolation extends Error {
  override readonly name = 'UniqueViolation';
  readonly code = '23505';
  readonly constraint: string;
  constructor(constraint: string) {
    super(`duplicate key value violates unique constraint "${constraint}"`);
    this.constraint = constraint;
  }
}

/** What a transaction needs to be undone; `failed` once a statement of it failed, as PostgreSQL's aborted state (25P02). */
interface Transaction {
  undo: (() => void)[];
  failed: boolean;
}

interface Journal {
  current: Transaction | undefined;
  tables: Kept[];
}

interface Kept {
  dump(): MemoryDump[number];
  load(rows: MemoryDump[number]): void;
}

export function createMemoryDatabase(): MemoryDatabase {
  const journal: Journal = { current: undefined, tables: [] };
  let last: Promise<unknown> = Promise.resolve();
  return {
    table: (definition) => createTable(journal, definition),
    over: (port) => (work) => {
      const mine = last.then(() => inTransaction(journal, () => work(port)));
      last = mine.catch(() => {});
      return mine;
    },
    dump: () => journal.tables.map((table) => table.dump()),
    load: (dump) => dump.forEach((rows, n) => void journal.tables[n]?.load(rows)),
  };
}

async function inTransaction<R>(journal: Journal, work: () => Promise<R>): Promise<R> {
  const transaction: Transaction = { undo: [], failed: false };
  journal.current = transaction;
  try {
    const result = await work();
    if (transaction.failed)
      throw new Error('COMMIT was answered by ROLLBACK: an error inside the transaction was swallowed');
    return result;
  } catch (error) {
    for (const undo of transaction.undo.reverse()) undo();
    throw error;
  } finally {
    journal.current = undefined;
  }
}

function createTable<Row extends object>(journal: Journal, definition: TableDefinition<Row>): MemoryTable<Row> {
  const { key, keyConstraint = 'primary_key', unique = {} } = definition;
  const rows = new Map<string, Row>();
  /** The rows as a list, until one changes: whoever only looks, looks often. */
  let list: readonly Row[] | undefined;
  const all = (): readonly Row[] => {
    list ??= [...rows.values()];
    return list;
  };
  const constraints = Object.entries(unique);

  journal.tables.push({
    dump: () => [...rows],
    load: (kept) => {
      list = undefined;
      for (const [id, row] of kept) rows.set(id, row as Row);
    },
  });

  /** Outside of a transaction a statement is its own, as with autocommit. */
  const checkAlive = () => {
    if (journal.current?.failed) throw new Error('current transaction is aborted, commands ignored until its end');
  };
  const put = (id: string, row: Row | undefined) => {
    const before = rows.get(id);
    journal.current?.undo.push(() => {
      list = undefined;
      if (before === undefined) rows.delete(id);
      else rows.set(id, before);
    });
    list = undefined;
    if (row === undefined) rows.delete(id);
    else rows.set(id, Object.freeze(row));
  };
  const violated = (id: string, row: Row, self: Row | undefined): string | undefined => {
    const taken = rows.get(id);
    if (taken !== undefined && taken !== self) return keyConstraint;
    for (const [name, value] of constraints) {
      const mine = value(row);
      if (mine === null || (self !== undefined && value(self) === mine)) continue;
      for (const other of rows.values()) if (other !== self && value(other) === mine) return name;
    }
    return undefined;
  };
  const refuse = (constraint: string): never => {
    if (journal.current !== undefined) journal.current.failed = true;
    throw new UniqueViolation(constraint);
  };

  return {
    get: (id) => {
      checkAlive();
      return rows.get(id);
    },
    insert: (row) => {
      checkAlive();
      const id = key(row);
      const constraint = violated(id, row, undefined);
      if (constraint !== undefined) refuse(constraint);
      put(id, { ...row });
    },
    insertIfAbsent: (row) => {
      checkAlive();
      const id = key(row);
      if (violated(id, row, undefined) !== undefined) return false;
      put(id, { ...row });
      return true;
    },
    update: (id, change) => {
      checkAlive();
      const before = rows.get(id);
      if (before === undefined) return undefined;
      const after = { ...before, ...change };
      const now = key(after);
      const constraint = violated(now, after, before);
      if (constraint !== undefined) refuse(constraint);
      if (now !== id) put(id, undefined);
      put(now, after);
      return after;
    },
    delete: (id) => {
      checkAlive();
      const known = rows.has(id);
      if (known) put(id, undefined);
      return known;
    },
    all,
    filter: (claim) => all().filter(claim),
  };
}
