import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { DataSource, type MigrationInterface } from 'typeorm';
import { isLockedOut } from './errors.ts';
import type { Sql } from './sql.ts';

/** A migration is a class whose name ends in 13 digits (its time in milliseconds) and whose body is SQL. Forward only. */
export type Migration = new () => MigrationInterface;

/** Any number, the same in every release: it names the lock that all migrators of one database queue at. */
const MIGRATION_LOCK = 7_166_183_920n;
/** Four replicas that start together wait for one migrator; a migration that rewrites a large table is run alone, beforehand. */
const LOCK_WAIT_MS = 120_000;
const LOCK_POLL_MS = 100;
/**
 * Whoever comes after a migration that waits for a table waits behind it, and a long read (an export takes up to ten minutes) makes it
 * wait. So it gives up before a service does (5 s, see connectDatabase), and lets through what has queued up.
 */
const TABLE_WAIT_MS = 2_000;
const TABLE_PAUSE_MS = 1_000;

/**
 * Runs what is missing, in one transaction, and returns the names. TypeORM takes no lock (of 24 concurrent runs 16 failed, measured),
 * so an advisory lock of the database is held by a connection of our own meanwhile. Throws when the lock stays taken for two minutes, and
 * when a table does: then nothing was changed.
 */
export async function migrate(options: { databaseUrl: string; migrations: readonly Migration[] }): Promise<string[]> {
  const lock = new pg.Client({ connectionString: options.databaseUrl, application_name: 'migrate-lock' });
  lock.on('error', () => {}); // the queries fail with the same error
  await lock.connect();
  try {
    await takeLock(lock);
    for (const deadline = performance.now() + LOCK_WAIT_MS; ; await sleep(TABLE_PAUSE_MS)) {
      try {
        return await runMigrations(options.databaseUrl, options.migrations);
      } catch (error) {
        // All of it was rolled back.
        if (!isLockedOut(error) || performance.now() > deadline) throw error;
      }
    }
  } finally {
    await lock.end().catch(() => {}); // the lock goes with its session
  }
}

/** Polling, not pg_advisory_lock: that waits for ever, or until a statement timeout that says nothing about the reason. */
async function takeLock(client: pg.Client): Promise<void> {
  for (const deadline = performance.now() + LOCK_WAIT_MS; performance.now() < deadline; await sleep(LOCK_POLL_MS)) {
    const { rows } = await client.query('SELECT pg_try_advisory_lock($1) AS taken', [MIGRATION_LOCK]);
    if (rows[0].taken) return;
  }
  throw new Error(`another migrator has held the lock of this database for ${LOCK_WAIT_MS / 1000} s`);
}

async function runMigrations(databaseUrl: string, migrations: readonly Migration[]): Promise<string[]> {
  const dataSource = new DataSource({
    type: 'postgres',
    url: databaseUrl,
    migrations: [...migrations],
    applicationName: 'migrate',
    installExtensions: false,
    extra: { lock_timeout: TABLE_WAIT_MS },
  });
  await dataSource.initialize();
  try {
    return (await dataSource.runMigrations({ transaction: 'all' })).map(({ name }) => name);
  } finally {
    await dataSource.destroy();
  }
}

/**
 * Refuses to start on a database that lacks a migration of this release: half a schema fails later, in the middle of money. A database
 * that is ahead is fine: an older release runs on beside a newer one while a deployment rolls.
 */
export async function requireMigrations(db: { read: Sql }, migrations: readonly Migration[]): Promise<void> {
  const [table] = await db.read.rows<{ found: boolean }>(`SELECT to_regclass('migrations') IS NOT NULL AS found`);
  const done = table?.found ? await db.read.rows<{ name: string }>('SELECT name FROM migrations') : [];
  const missing = migrations.map(({ name }) => name).filter((name) => !done.some((row) => row.name === name));
  if (missing.length > 0)
    throw new Error(`the database lacks migrations: ${missing.join(', ')}. Run the migration job first.`);
}
