import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { entities as payments } from '../services/payments/src/entities.ts';
import { entities as reconciler } from '../services/reconciler/src/entities.ts';
import { entities as wallet } from '../services/wallet/src/entities.ts';
import { entities as webhooks } from '../services/webhooks/src/entities.ts';

/** What the documents name exists: links, commands, paths and variables. */
const root = path.resolve(import.meta.dirname, '..');
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
}).split('\n');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

const documents = ['README.md', 'ARCHITECTURE.md', ...files.filter((file) => /^docs\/.*\.md$/.test(file))];
/** The code in a document: spans and blocks. */
const codeIn = (document: string): string[] =>
  [...read(document).matchAll(/```[a-z]*\n([\s\S]*?)```|`([^`\n]+)`/g)].map((m) => m[1] ?? m[2] ?? '');
const spansIn = (document: string): string[] => codeIn(document).filter((code) => !code.includes('\n'));

test('every relative link points to a file that exists', () => {
  const broken = documents.flatMap((document) =>
    [...read(document).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target.replace(/#.*$/, ''))
      .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
      .filter((target) => !existsSync(path.join(root, path.dirname(document), target)))
      .map((target) => `${document} → ${target}`),
  );
  expect(broken).toEqual([]);
});

/** npm's own, which no package.json names. */
const npmCommands = ['ci', 'install'];

test('every npm command that a document names exists', () => {
  const { scripts } = JSON.parse(read('package.json'));
  const missing = documents.flatMap((document) =>
    codeIn(document)
      .flatMap((code) => [...code.matchAll(/\bnpm (run )?([a-z][a-z:-]*)/g)])
      .filter(([, run, name = '']) => !(name in scripts) && (run !== undefined || !npmCommands.includes(name)))
      .map(([command]) => `${document}: ${command}`),
  );
  expect(missing).toEqual([]);
});

/** Made by the commands, not kept. */
const made = /^(\.local|dist|node_modules)\//;
const looksLikePath =
  /^([\w.{},<>*-]+\/)*[\w.{},<>*-]+\.(ts|mjs|md|json|yml|sh|sql)$|^(services|libs|deploy|docs|test)\/\S*$/;

/** `a/{b,c}` names two paths; `*` and `<name>` stand for any one name. The end of a path is enough. */
function patternsOf(span: string): RegExp[] {
  const [, before = '', choices, after = ''] = /^([^{]*)\{([^}]*)\}(.*)$/.exec(span) ?? [];
  if (choices !== undefined) return choices.split(',').flatMap((choice) => patternsOf(before + choice + after));
  const escaped = span
    .replace(/\/$/, '')
    .replaceAll(/[.$+^]/g, '\\$&')
    .replaceAll(/\*|<[^>]+>/g, '[^/]+');
  return [new RegExp(`(^|/)${escaped}(/|$)`)];
}

test('every path that a document names exists', () => {
  const missing = documents.flatMap((document) =>
    spansIn(document)
      .filter((span) => looksLikePath.test(span) && !made.test(span))
      .filter((span) => patternsOf(span).some((pattern) => !files.some((file) => pattern.test(file))))
      .map((span) => `${document}: ${span}`),
  );
  expect(missing).toEqual([]);
});

test('.env.example names exactly what docker-compose.yml asks for', () => {
  const named = [...read('.env.example').matchAll(/^([A-Z_]+)=/gm)].map(([, name = '']) => name);
  const asked = [...read('docker-compose.yml').matchAll(/\$\{([A-Z_]+)(:-)?/g)];
  const isAsked = (name: string): boolean => asked.some(([, other]) => other === name);
  expect(named.filter((name) => !isAsked(name) && !name.startsWith('COMPOSE_'))).toEqual([]);
  expect(asked.filter(([, name = '', byDefault]) => byDefault === undefined && !named.includes(name))).toEqual([]);
});

test('every setting that a document gives a value exists', () => {
  const settings = new Set([...read('docs/settings.md').matchAll(/^\| `([A-Z_]+)`/gm)].map(([, name = '']) => name));
  const unknown = documents.flatMap((document) =>
    codeIn(document)
      .flatMap((code) => [...code.matchAll(/\b([A-Z][A-Z_]*[A-Z])=\S/g)])
      .map(([, name = '']) => name.replace(/^[A-Z]+__/, ''))
      .filter((name) => !settings.has(name))
      .map((name) => `${document}: ${name}`),
  );
  expect(unknown).toEqual([]);
});

test('O6: docs/scaling.md names the keys that the hot tables have', () => {
  const primaryKeys = Object.entries({ wallet, payments, reconciler, webhooks }).flatMap(([service, entities]) =>
    entities.map(({ options: { name, columns } }) => {
      const key = Object.entries(columns).filter(([, column]) => column?.primary);
      return [`${service}.${name}`, key.map(([field, column]) => column?.name ?? field).join(', ')] as const;
    }),
  );
  const named = [...read('docs/scaling.md').matchAll(/^\| `(\w+\.\w+)` \| `([\w, ]+)` \|/gm)];
  expect(named.length).toBeGreaterThan(10);
  const keys = new Map<string, string>(primaryKeys);
  expect(named.filter(([, table = '', key]) => keys.get(table) !== key).map(([row]) => row)).toEqual([]);
});
