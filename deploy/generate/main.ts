import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { clientTypes } from './client-types.ts';
import { decisions } from './decisions.ts';
import { eventSchemas } from './event-schemas.ts';
import { metricPages } from './metrics.ts';
import { openApiFile } from './openapi.ts';
import { problemPages } from './problem-pages.ts';
import { settings } from './settings.ts';

/**
 * Writes every generated file, or with `--check` says which are stale and exits 1. The folders in `owned` hold generated files only:
 * what is no longer made is removed.
 */
const owned = ['docs/events', 'docs/problems'];
const check = process.argv.includes('--check');
const files = new Map([
  ...eventSchemas(),
  ...settings(),
  ...metricPages(),
  ...openApiFile(),
  ...problemPages(),
  ...decisions(),
  ...clientTypes(),
]);

const contentOf = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
};

const stale = [...files].filter(([file, content]) => contentOf(file) !== content).map(([file]) => file);
const left = owned
  .flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`))
  .filter((file) => !files.has(file));

if (check) {
  for (const file of [...stale, ...left]) console.error(`stale: ${file}; run npm run generate`);
  process.exitCode = stale.length + left.length > 0 ? 1 : 0;
} else {
  for (const file of left) rmSync(file);
  for (const file of stale) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, files.get(file) ?? '');
  }
  console.log(`${stale.length} written, ${left.length} removed, ${files.size} in all`);
}
