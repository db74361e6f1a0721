import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

/** The house rules that a compiler or a linter does not know (ARCHITECTURE.md, "Rules between rooms"). */
const root = path.resolve(import.meta.dirname, '..');
const files = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', 'libs', 'services', 'deploy', 'test'],
  {
    cwd: root,
    encoding: 'utf8',
  },
)
  .split('\n')
  .filter((file) => file.endsWith('.ts'));

const isTest = (file: string): boolean => /\.test\.ts$|\/test\//.test(file) || file.startsWith('test/');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const importsOf = (file: string): string[] =>
  [...read(file).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((m) => m[1] ?? '');
/** Where a relative import leads, from the root. */
const target = (file: string, relative: string): string => path.normalize(path.join(path.dirname(file), relative));
const breaking = (rule: (file: string) => string | undefined, among = files): string[] =>
  among.flatMap((file) => rule(file) ?? []);

/** Which other rooms a room may enter; a room that is not named here may enter any but `testing`. */
const allowedRooms: Record<string, readonly string[]> = {
  money: [],
  contracts: ['money'],
  runtime: [],
  sealed: [],
  telemetry: ['runtime'],
  db: ['runtime', 'telemetry'],
  http: ['runtime', 'telemetry'],
  auth: ['runtime', 'http', 'contracts'],
  messaging: ['db', 'contracts', 'runtime', 'telemetry'],
  revio: ['contracts', 'money'],
};

test('a service enters no other service, leaves its folder only through a door of libs, and needs no test room', () => {
  expect(
    breaking(
      (file) => {
        const service = /^services\/([a-z]+)\//.exec(file)?.[1];
        if (!service) return undefined;
        const strangers = importsOf(file).filter((i) =>
          i.startsWith('.')
            ? !target(file, i).startsWith(`services/${service}/`)
            : ['#libs/testing', '#libs/revio-simulator'].includes(i),
        );
        return strangers.length > 0 ? `${file} → ${strangers.join(', ')}` : undefined;
      },
      files.filter((file) => !isTest(file)),
    ),
  ).toEqual([]);
});

test('a room of libs enters only the rooms it may, by their doors', () => {
  expect(
    breaking(
      (file) => {
        const room = /^libs\/([a-z-]+)\//.exec(file)?.[1];
        const allowed = room === undefined ? undefined : allowedRooms[room];
        const entered = importsOf(file)
          .filter((i) => i.startsWith('#libs/'))
          .map((i) => i.slice('#libs/'.length));
        const forbidden = entered.filter((r) =>
          allowed === undefined ? r === 'testing' && room !== undefined : !allowed.includes(r),
        );
        // The testing room makes its databases with the launcher's own code; nobody else leaves a room by a window.
        const outside =
          room === undefined || room === 'testing'
            ? []
            : importsOf(file).filter((i) => i.startsWith('.') && !target(file, i).startsWith(`libs/${room}/`));
        const wrong = [...forbidden, ...outside];
        return wrong.length > 0 ? `${file} → ${wrong.join(', ')}` : undefined;
      },
      files.filter((file) => !isTest(file)),
    ),
  ).toEqual([]);
});

test('process.env is read in config.ts only', () => {
  const readers = files.filter(
    (file) => /^(libs|services)\//.test(file) && !isTest(file) && !/\/(config|main)\.ts$/.test(file),
  );
  expect(
    breaking(
      (file) => (/process\.env/.test(read(file).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')) ? file : undefined),
      readers,
    ),
  ).toEqual([]);
});

/** Decisions, state machines and parsers: the same input gives the same output, for ever. */
const pure = [
  /^libs\/money\//,
  /^libs\/contracts\//,
  /^services\/wallet\/src\/ledger\/(ledger|limits)\.ts$/,
  /^services\/payments\/src\/(deposit\/deposit|withdrawal\/withdrawal|worker\/next-try)\.ts$/,
  /^services\/reconciler\/src\/(decide|decision|schedule|verdict|subject|note-observation|dead-letters\/dead-letter|rules\/.*|cases\/case|conservation\/(compare|movement)|reports\/(compare-day|observed-move|report|report-day)|proposals\/(proposal|judge-resolution))\.ts$/,
];

test('pure files know no clock, no chance, no environment, no library but zod, and no file that is not pure', () => {
  const pureFiles = files.filter((file) => !isTest(file) && pure.some((p) => p.test(file)));
  expect(
    breaking((file) => {
      const impure = /Date\.now\(|new Date\(\)|randomUUID|Math\.random|process\./.exec(read(file))?.[0];
      const foreign = importsOf(file).find((i) =>
        i.startsWith('.')
          ? !pure.some((p) => p.test(target(file, i)))
          : !['#libs/money', '#libs/contracts', 'zod'].includes(i),
      );
      return impure || foreign ? `${file}: ${impure ?? foreign}` : undefined;
    }, pureFiles),
  ).toEqual([]);
});

test('TypeORM maps and migrates; it neither saves, cascades nor synchronises', () => {
  const banned =
    /\.save\(|cascade\s*:|eager\s*:\s*true|lazy\s*:\s*true|synchronize\s*:\s*true|extends BaseEntity|@Entity\(/;
  expect(
    breaking((file) =>
      /^(libs|services)\//.test(file) && !isTest(file) && banned.test(read(file)) ? file : undefined,
    ),
  ).toEqual([]);
});

test('names say what is inside', () => {
  expect(
    breaking((file) => (/(^|\/)(utils?|common|helpers?|managers?|base|misc)(\.ts|\/)/.test(file) ? file : undefined)),
  ).toEqual([]);
  expect(breaking((file) => (/^[a-z0-9.-]+\.ts$/.test(path.basename(file)) ? undefined : file))).toEqual([]);
});

test('nothing is left for later, skipped, or run alone', () => {
  const left = /\b(TODO|FIXME|XXX|HACK)\b|\b(test|it|describe)\.(only|skip|todo)\(/;
  expect(breaking((file) => (file !== 'test/tidy.test.ts' && left.test(read(file)) ? file : undefined))).toEqual([]);
});
