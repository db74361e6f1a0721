// `npm run replay -- --since 2026-03-01T04:00:00Z`: publishes kept messages again, of the system that `npm start` runs or of the databases
// that REPLAY_<SERVICE>_URL name (any of them). When it is needed, and from when: docs/recovery.md.
import { parseArgs } from 'node:util';
import { type ServiceName, serviceNames } from '#libs/contracts';
import { readOptions } from '../local/options.ts';
import { readStackFile, stackFileIn } from '../local/stack-file.ts';
import { replay } from './replay.ts';

const usage = 'Say since when: npm run replay -- --since 2026-03-01T04:00:00Z (ISO 8601, with Z or an offset)';
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/;

function sinceOf(given: string | undefined): Date {
  const since = new Date(given ?? '');
  if (given === undefined || !instant.test(given) || Number.isNaN(since.getTime())) throw new Error(usage);
  return since;
}

function databases(): [ServiceName, string][] {
  const named = serviceNames.flatMap((service): [ServiceName, string][] => {
    const url = process.env[`REPLAY_${service.toUpperCase()}_URL`];
    return url === undefined ? [] : [[service, url]];
  });
  if (named.length > 0) return named;
  const stack = readStackFile(stackFileIn(readOptions([], process.env, process.cwd()).runFolder));
  if (stack === undefined)
    throw new Error('Nothing runs here (npm start), and no REPLAY_<SERVICE>_URL names a database.');
  return serviceNames.map((service) => [service, stack.services[service].admin_database_url]);
}

try {
  const since = sinceOf(parseArgs({ options: { since: { type: 'string' } } }).values.since);
  for (const [service, url] of databases()) {
    const { count, keptSince } = await replay(url, since);
    const reach = keptSince !== null && keptSince > since ? ` (kept since ${keptSince.toISOString()} only)` : '';
    console.log(`${service}: ${count} messages are published again${reach}`);
  }
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
