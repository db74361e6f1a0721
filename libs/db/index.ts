export { type CounterMaker, connectDatabase, type Database, type DatabaseOptions } from './connect-database.ts';
export { Contended, constraintOf, isUnavailable, UnknownCommit } from './errors.ts';
export { acquireLease, type Lease, leasesSchema, memoryLeases } from './lease.ts';
export {
  createMemoryDatabase,
  type MemoryDatabase,
  type MemoryTable,
  type TableDefinition,
} from './memory-database.ts';
export { type Migration, migrate, requireMigrations } from './migrate.ts';
export { over } from './over.ts';
export { schemaDrift } from './schema-drift.ts';
export type { Sql } from './sql.ts';
export type { Isolation, Transact, TransactOptions } from './transact.ts';
