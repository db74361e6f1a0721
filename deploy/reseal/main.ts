// `npm run reseal`: after a new key was put first in SEALING_KEYS and payments was restarted with it, seals the old rows with it too.
// DATABASE_URL is the payments database, as its owner. Both may be files (…_FILE). The order of a rotation: docs/limits.md.
import { z } from 'zod';
import { loadConfig } from '#libs/runtime';
import { parseSealingKeys } from '#libs/sealed';
import { reseal } from './reseal.ts';

try {
  const schema = z.object({ DATABASE_URL: z.url(), SEALING_KEYS: z.string().min(1) });
  const { DATABASE_URL: ownerUrl, SEALING_KEYS: keys } = loadConfig(schema, process.env);
  for (const { table, count } of await reseal(ownerUrl, parseSealingKeys(keys)))
    console.log(`${table}: ${count} sealed again`);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
