import { type Migration, migrate } from '#libs/db';
import type { Service } from './databases.ts';

/**
 * Brings the database of one service to this release, as its owner. Any number may run at once: they queue at a lock of the database.
 * Answers the names of the migrations that were missing.
 */
export async function migrateService(service: Service, ownerUrl: string): Promise<string[]> {
  const room = (await import(`../../services/${service}/src/migrations/index.js`)) as {
    migrations: readonly Migration[];
  };
  return migrate({ databaseUrl: ownerUrl, migrations: room.migrations });
}
