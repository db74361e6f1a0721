// The migration job: `node dist/deploy/migrate.js [service …]`, all five unless named. DATABASE_URL is an administrator's; the password
// of each service's role is in WALLET_DB_PASSWORD and so on, and PAYMENTS_HISTORY_DB_PASSWORD where the history is read from a replica. Every
// variable may be a file instead (…_FILE).
import { z } from 'zod';
import { loadConfig } from '#libs/runtime';
import { createServiceDatabase, serviceNames } from './local/databases.ts';
import { migrateService } from './local/migrate-service.ts';

const services = z.array(z.enum(serviceNames)).parse(process.argv.slice(2));

for (const service of services.length === 0 ? serviceNames : services) {
  const variable = `${service.toUpperCase()}_DB_PASSWORD`;
  const reader = `${service.toUpperCase()}_HISTORY_DB_PASSWORD`;
  const text = z.string().min(1);
  const schema = z.object({ DATABASE_URL: z.url(), [variable]: text, [reader]: text.optional() });
  const config = loadConfig(schema, process.env) as Record<string, string | undefined>;
  const { DATABASE_URL: adminUrl = '', [variable]: password = '', [reader]: readerPassword } = config;
  const wanted = { service, password, ...(readerPassword !== undefined && { readerPassword }) };
  const database = await createServiceDatabase(adminUrl, wanted);
  const done = await migrateService(service, database.ownerUrl);
  console.log(`${service}: ${done.length === 0 ? 'nothing to do' : done.join(', ')}`);
}
