export { connectDatabase, type Database } from './connect-database.ts';
export { Contended, constraintOf, isUnavailable, UnknownCommit } from './errors.ts';
export { acquireLease, leasesSchema, memoryLeases } from './lease.ts';
export { createMemoryDatabase, type MemoryDatabase } from './memory-database.ts';
export { type Migration, migrate, requireMigrations } from './migrate.ts';
export { over } from './over.ts';
export { schemaDrift } from './schema-drift.ts';
export type { Sql } from './sql.ts';
export { type Transact, withRepeats } from './transact.ts';
