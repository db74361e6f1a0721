// `npm run audit [-- --at-rest]`: every promise of the books (ARCHITECTURE.md, "Promises"), over the system that
// `npm start` runs, or over the databases that AUDIT_<SERVICE>_URL name, with a simulator's truth at AUDIT_PROVIDER_URL; without one, as
// beside the real Revio, what needs it is not judged, and named. Exit code 1 when one is broken. --at-rest adds the rules that hold only
// while nothing is under way.
import { parseArgs } from 'node:util';
import { readOptions } from '../local/options.ts';
import { readStackFile, stackFileIn } from '../local/stack-file.ts';
import { reportLines, sizeOf } from './report.ts';
import { audit, ruleNames } from './rules.ts';
import { type BookUrls, booksNamedBy, booksOf, readRunningBooks } from './running-books.ts';

function findBooks(): BookUrls {
  if (Object.keys(process.env).some((name) => name.startsWith('AUDIT_'))) return booksNamedBy(process.env);
  const stack = readStackFile(stackFileIn(readOptions([], process.env, process.cwd()).runFolder));
  if (stack === undefined)
    throw new Error('Nothing runs here (npm start), and no AUDIT_<SERVICE>_URL names a database.');
  return booksOf(stack);
}

try {
  const { values } = parseArgs({ options: { 'at-rest': { type: 'boolean', default: false } } });
  const urls = findBooks();
  const options = { atRest: values['at-rest'], withoutRevio: urls.providerTruth === undefined };
  const books = await readRunningBooks(urls);
  const judged = ruleNames(options);
  const violations = audit(books, options);
  console.log(`${sizeOf(books)}\n${reportLines(judged, violations).join('\n')}`);
  const left = ruleNames({ atRest: options.atRest }).filter((rule) => !judged.includes(rule));
  for (const rule of left) console.log(`  – ${rule}: not judged, Revio's own books were not there`);
  process.exitCode = violations.length === 0 ? 0 : 1;
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
