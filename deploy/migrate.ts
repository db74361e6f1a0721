// The migration job: `node dist/deploy/migrate.js [service …]`, all five unless named. DATABASE_URL is an administrator's; the password
// of each service's role is in WALLET_DB_PASSWORD and so on. Every variable may be a file instead (…_FILE).
import { z } from 'zod';
import { loadConfig } from '#libs/runtime';
import { createServiceDatabase, serviceNames } from './local/databases.ts';
import { migrateService } from './local/migrate-service.ts';

const services = z.array(z.enum(serviceNames)).parse(process.argv.slice(2));

for (const service of services.length === 0 ? serviceNames : services) {
  const variable = `${service.toUpperCase()}_DB_PASSWORD`;
  const config = loadConfig(z.object({ DATABASE_URL: z.url(), [variable]: z.string().min(1) }), process.env);
  const { DATABASE_URL: adminUrl, [variable]: password = '' } = config as Record<string, string>;
  const database = await createServiceDatabase(adminUrl ?? '', { service, password });
  const done = await migrateService(service, database.ownerUrl);
  console.log(`${service}: ${done.length === 0 ? 'nothing to do' : done.join(', ')}`);
}
