import { createHash, randomBytes } from 'node:crypto';
import pg from 'pg';
import type { QueryRunner } from 'typeorm';
import { inject } from 'vitest';
import { type Migration, migrate } from '#libs/db';
import { createServiceDatabase, type Service } from '../../deploy/local/databases.ts';

export interface FreshDatabase {
  /** As the service itself logs in: it may do what its migrations grant, and nothing else. */
  url: string;
  /** As the owner of everything in it, for looking and for tampering. */
  ownerUrl: string;
  /** Drops it, whoever is connected. */
  close(): Promise<void>;
}

/** Any number: test files that need the same template at the same time make it once. */
const TEMPLATE_LOCK = 4_019_227_115;
/** Roles are the whole server's, so all test files must agree; the server is private to the run. */
const PASSWORD = 'test';

/**
 * A database of a service for one test file: a copy of a migrated template (20 ms) instead of all migrations again. Of other
 * migrations than the service's own if given.
 */
export async function freshDatabase(service: Service, migrations?: readonly Migration[]): Promise<FreshDatabase> {
  const template = await templateOf(service, migrations ?? (await migrationsOf(service)));
  const database = `test_${service}_${randomBytes(6).toString('hex')}`;
  const { serviceUrl, ownerUrl } = await createServiceDatabase(inject('pgUrl'), {
    service,
    password: PASSWORD,
    database,
    template,
  });
  return {
    url: serviceUrl,
    ownerUrl,
    close: () => withAdmin((admin) => admin.query(`DROP DATABASE IF EXISTS "${database}" WITH (FORCE)`)),
  };
}

async function migrationsOf(service: Service): Promise<readonly Migration[]> {
  const file = new URL(`../../services/${service}/src/migrations/index.ts`, import.meta.url).href;
  const { migrations } = (await import(/* @vite-ignore */ file)) as { migrations: readonly Migration[] };
  return migrations;
}

/** Named by what is in it: on a server that outlives the run, an older template must not be taken for a newer one. */
async function templateOf(service: Service, migrations: readonly Migration[]): Promise<string> {
  const hash = createHash('sha256')
    .update(await sqlOf(migrations))
    .digest('hex')
    .slice(0, 12);
  const template = `template_${service}_${hash}`;
  await withAdmin(async (admin) => {
    await admin.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const { rowCount } = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [template]);
    if (rowCount !== 0) return;
    const unfinished = `${template}_unfinished`;
    await admin.query(`DROP DATABASE IF EXISTS "${unfinished}" WITH (FORCE)`);
    const { ownerUrl } = await createServiceDatabase(inject('pgUrl'), {
      service,
      password: PASSWORD,
      database: unfinished,
    });
    await migrate({ databaseUrl: ownerUrl, migrations });
    // The last step, so that a template is either whole or not there.
    await admin.query(`ALTER DATABASE "${unfinished}" RENAME TO "${template}"`);
  });
  return template;
}

/** What the migrations would run; their source alone would not show a change in the SQL that they take from a room of libs. */
async function sqlOf(migrations: readonly Migration[]): Promise<string> {
  const texts: string[] = [];
  const recorder = { query: async (text: string) => texts.push(text) } as unknown as QueryRunner;
  for (const Made of migrations) await new Made().up(recorder);
  return texts.join('\n');
}

async function withAdmin(work: (admin: pg.Client) => Promise<unknown>): Promise<void> {
  const admin = new pg.Client({ connectionString: inject('pgUrl') });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}
