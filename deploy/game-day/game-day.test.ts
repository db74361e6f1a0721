import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { type ServiceName, serviceNames } from '#libs/contracts';
import { fileOf, linesOf, readRunbook } from './runbook.ts';
import { leftToRuleTests, scenes } from './scenes.ts';
import { shortened } from './shorten-rules.ts';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const rules = readdirSync(path.join(root, 'deploy/prometheus/rules')).map((file) =>
  read(`deploy/prometheus/rules/${file}`),
);
const alerts = rules.flatMap((text) =>
  (parse(text) as { groups: { rules: { alert?: string }[] }[] }).groups.flatMap((group) =>
    group.rules.flatMap(({ alert }) => alert ?? []),
  ),
);

test('O4: the game day makes every alert, once, or says why not', () => {
  const made = [...scenes.flatMap((scene) => Object.keys(scene.alerts)), ...Object.keys(leftToRuleTests)];
  expect(made.sort()).toEqual(alerts.sort());
  const narrowed = scenes.flatMap(({ alerts: own, where = {} }) => Object.keys(where).filter((name) => !(name in own)));
  expect(narrowed).toEqual([]);
});

test('O4: the shortened rules differ in durations alone, and longer stays longer', () => {
  const duration = /\[\d+m?[smhd]\]|offset \d+m?[smhd]|for: \d+m?[smhd]|(?<=time\(\) - .*> )[\d.]+(?! \*)/g;
  for (const text of rules) {
    const short = shortened(text);
    expect(short.replaceAll(duration, '…')).toEqual(text.replaceAll(duration, '…'));
    const minutes = [...text.matchAll(duration)].length;
    expect([...short.matchAll(duration)].length).toBe(minutes);
  }
  const windows = ['5m', '10m', '15m', '30m', '1h', '6h', '24h', '26h', '3d'];
  const ms = windows.map((window) => Number(/\d+/.exec(shortened(`[${window}]`))?.[0]));
  expect(ms).toEqual([...ms].sort((a, b) => a - b));
  expect(new Set(ms).size).toBe(windows.length);
  expect(shortened('time() - max(x) > 900\ntime() - max(x) > 6 * 3600')).toBe(
    'time() - max(x) > 20.7\ntime() - max(x) > 6 * 3600',
  );
});

const commands = alerts.flatMap((alert) => readRunbook(root, alert).map((command) => ({ alert, command })));
/** Of code, without comments: what may stand in a log. */
const codeOf = (folder: string): string =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/\.test\.ts$|(^|\/)test\//.test(file))
    .map((file) => read(`${folder}/${file}`).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, ''))
    .join('\n');

test('O4: what a runbook gives to paste is shell', () => {
  const script = alerts
    .flatMap((alert) => linesOf(read(`docs/runbooks/${fileOf(alert)}`)))
    .map((line) => line.replaceAll(/<[a-z ]+>/g, 'x'))
    .join('\n');
  expect(() => execFileSync('sh', ['-n'], { input: script, stdio: ['pipe', 'pipe', 'pipe'] })).not.toThrow();
});

test('O4: it asks for routes and parameters that there are', () => {
  const { paths } = JSON.parse(read('docs/openapi.json')) as {
    paths: Record<string, { get?: { parameters?: { name?: string; in?: string; $ref?: string }[] } }>;
  };
  const wrong = commands.flatMap(({ alert, command }) => {
    if (command.kind !== 'api') return [];
    const url = new URL(`http://gateway/api/v1${command.path.replaceAll(/<[a-z ]+>/g, 'x')}`);
    const form = Object.keys(paths).find((known) =>
      new RegExp(`^${known.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`).test(url.pathname),
    );
    const named = (paths[form ?? '']?.get?.parameters ?? []).map(({ name, $ref }) => name ?? $ref?.split('/').at(-1));
    const strange = [...url.searchParams.keys()].filter((name) => !named.includes(name));
    return form === undefined || strange.length > 0 ? [`${alert}: ${command.path}`] : [];
  });
  expect(wrong).toEqual([]);
});

test('O4: it searches logs of services for words that they write, and SQL for tables that there are', () => {
  const compose = parse(read('docker-compose.yml')) as { services: Record<string, unknown> };
  const shared = codeOf('libs');
  const code = new Map<string, string>(serviceNames.map((name) => [name, codeOf(`services/${name}/src`) + shared]));
  const migrations = [...code.values()].join('\n');
  const wrong = commands.flatMap(({ alert, command }) => {
    const [, container] = /^docker compose (?:logs --since 30m|exec|ps) ([a-z]+)/.exec(command.text) ?? [];
    if (container !== undefined && !(container in compose.services)) return [`${alert}: no container ${container}`];
    if (command.kind === 'log') {
      const searched = code.get(command.service as ServiceName) ?? migrations;
      const word = command.pattern.source.includes('<') ? /(?:)/ : command.pattern;
      return word.test(searched) || word.test('"level":"error"') ? [] : [`${alert}: ${command.text}`];
    }
    if (command.kind !== 'sql') return [];
    const tables = [...command.sql.matchAll(/(?:FROM |^\\d )(\w+)/g)].map(([, table = '']) => table);
    return tables
      .filter((table) => !table.startsWith('pg_stat_') && !migrations.includes(`CREATE TABLE ${table} `))
      .map((table) => `${alert}: no table ${table}`);
  });
  expect(wrong).toEqual([]);
});
