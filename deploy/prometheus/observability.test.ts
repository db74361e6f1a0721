import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { catalogue, ofRabbitMq, ofTheProcess } from './catalogue.ts';
import { type Expression, parsePromQl, type Selector } from './promql.ts';

/** Rules, their tests, dashboards and runbooks belong together; what services export is proven in test/metrics.int.test.ts. */
const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const inFolder = (folder: string, ending: string): string[] =>
  readdirSync(path.join(root, folder))
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}/${name}`);

interface Rule {
  alert?: string;
  record?: string;
  expr: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}
const rules = inFolder('deploy/prometheus/rules', '.yml').flatMap((file) =>
  (parse(read(file)) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules),
);
const alerts = rules.filter((rule) => rule.alert !== undefined);
const names = alerts.map(({ alert = '' }) => alert);

interface Dashboard {
  uid: string;
  title: string;
  panels: { title: string; targets: { expr: string; legendFormat: string }[] }[];
}
const dashboards = inFolder('deploy/grafana/dashboards', '.json').map((file) => JSON.parse(read(file)) as Dashboard);

/** Where a rule or a panel is, and what it asks for. */
const asked: { where: string; text: string }[] = [
  ...rules.map(({ alert, record, expr }) => ({ where: alert ?? record ?? '', text: expr })),
  ...dashboards.flatMap(({ title, panels }) =>
    panels.flatMap((panel) => panel.targets.map(({ expr }) => ({ where: `${title}: ${panel.title}`, text: expr }))),
  ),
];

/** What Prometheus gives each target. */
const ofTargets = ['job', 'instance', 'service'];
const open = (labels: readonly string[]) => Object.fromEntries(labels.map((label) => [label, 'open' as const]));
type Labels = Readonly<Record<string, 'open' | readonly string[]>>;
const known = new Map<string, Labels>([['up', {}]]);
for (const [name, { type, labels }] of Object.entries(catalogue)) {
  if (type !== 'histogram') known.set(name, labels);
  else for (const part of ['bucket', 'sum', 'count']) known.set(`${name}_${part}`, { ...labels, ...open(['le']) });
}
for (const name of [...ofTheProcess, 'nodejs_gc_duration_seconds_sum']) known.set(name, {});
for (const [name, labels] of Object.entries(ofRabbitMq)) known.set(name, open(labels));
for (const { record, expr, labels = {} } of rules) {
  if (record !== undefined) known.set(record, open([...parsePromQl(expr).groupedBy, ...Object.keys(labels)]));
}

function wrongWith({ metric, matchers }: Selector): string[] {
  const labels = known.get(metric);
  if (labels === undefined) return [`nobody exports ${metric}`];
  return matchers.flatMap(({ label, operator, value }) => {
    if (ofTargets.includes(label)) return [];
    const values = labels[label];
    if (values === undefined) return [`${metric} has no label ${label}`];
    if (values === 'open') return [];
    const matches = operator.endsWith('~') ? new RegExp(`^(?:${value})$`) : { test: (one: string) => one === value };
    return values.some((one) => matches.test(one)) ? [] : [`${metric} has no ${label} ${operator} ${value}`];
  });
}

function wrongGroups({ selectors, groupedBy }: Expression): string[] {
  const there = new Set([...ofTargets, ...selectors.flatMap(({ metric }) => Object.keys(known.get(metric) ?? {}))]);
  return groupedBy.filter((label) => !there.has(label)).map((label) => `nothing here has label ${label}`);
}

test('O4: every expression of rules and dashboards is PromQL over metrics, labels and values that are exported', () => {
  const wrong = asked.flatMap(({ where, text }) => {
    const expression = parsePromQl(text);
    const found = [...expression.selectors.flatMap(wrongWith), ...wrongGroups(expression)];
    return found.map((what) => `${where}: ${what}`);
  });
  expect(wrong).toEqual([]);
  expect(asked.length).toBeGreaterThan(150);
});

test('O4: legends name labels that their expression keeps', () => {
  const wrong = dashboards.flatMap(({ title, panels }) =>
    panels.flatMap((panel) =>
      panel.targets.flatMap(({ expr, legendFormat }) => {
        const { groupedBy, selectors } = parsePromQl(expr);
        const kept = [...groupedBy, ...selectors.flatMap(({ metric }) => Object.keys(known.get(metric) ?? {}))];
        const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
        return named
          .filter((label) => !kept.includes(label) && !groupedBy.includes(label))
          .map((label) => `${title}: ${panel.title}: ${label}`);
      }),
    ),
  );
  expect(wrong).toEqual([]);
});

test('N2: an alert says how urgent it is, in one sentence what is wrong, and where to read and look on', () => {
  expect(new Set(names).size).toBe(names.length);
  const boards = dashboards.map(({ uid }) => `/d/${uid}`);
  for (const { alert, labels, annotations } of alerts) {
    expect(['critical', 'warning'], alert).toContain(labels?.['severity']);
    expect(annotations?.['summary'], alert).toMatch(/\S/);
    expect(existsSync(path.join(root, annotations?.['runbook'] ?? '-')), `runbook of ${alert}`).toBe(true);
    expect(boards, alert).toContain(annotations?.['dashboard']);
  }
});

test('N2: there is one runbook per alert and no other, with all five answers', () => {
  const expected = alerts.map(({ annotations }) => annotations?.['runbook'] ?? '').sort();
  expect(
    inFolder('docs/runbooks', '.md')
      .filter((file) => !file.endsWith('README.md'))
      .sort(),
  ).toEqual(expected);
  for (const { alert = '', annotations } of alerts) {
    const page = read(annotations?.['runbook'] ?? '');
    expect(page.startsWith(`# ${alert}\n`), alert).toBe(true);
    for (const part of ['Meaning.', 'Impact.', 'Diagnosis.', 'Mitigation.', 'Safe to wait?'])
      expect(page, alert).toMatch(new RegExp(`\\*\\*${part.replaceAll(/[.?]/g, '\\$&')}\\*\\*\\s+\\S`));
    expect(page, alert).toMatch(/```sh\n[^`]+\n```/);
  }
});

test('O4: every query that a runbook gives to paste asks for what is exported', () => {
  const wrong = inFolder('docs/runbooks', '.md').flatMap((file) =>
    [...read(file).matchAll(/^# in Prometheus: (.+)$/gm)].flatMap(([, text = '']) =>
      parsePromQl(text)
        .selectors.flatMap(wrongWith)
        .map((what) => `${file}: ${what}`),
    ),
  );
  expect(wrong).toEqual([]);
});

test('N2: a rule test sees each alert quiet, firing, and quiet again', () => {
  interface Seen {
    eval_time: string;
    alertname: string;
    exp_alerts: unknown[];
  }
  const tests = inFolder('deploy/prometheus/tests', '.yml').flatMap(
    (file) => (parse(read(file)) as { tests: { alert_rule_test: Seen[] }[] }).tests,
  );
  // By test and alert: what one test shows of another alert is no answer.
  const shown = tests.flatMap(({ alert_rule_test: looks }) =>
    [...new Set(looks.map(({ alertname }) => alertname))].map((alert) => ({
      alert,
      looks: looks
        .filter(({ alertname }) => alertname === alert)
        .sort((a, b) => Number.parseInt(a.eval_time, 10) - Number.parseInt(b.eval_time, 10))
        .map(({ exp_alerts: firing }) => (firing.length > 0 ? 'fires' : 'quiet'))
        .join(' '),
    })),
  );
  const firesAndClears = (alert: string) =>
    shown.some((one) => one.alert === alert && /fires( fires)* quiet$/.test(one.looks));
  const isQuietFirst = (alert: string) => shown.some((one) => one.alert === alert && one.looks.startsWith('quiet'));
  expect(names.filter((alert) => !firesAndClears(alert))).toEqual([]);
  expect(names.filter((alert) => !isQuietFirst(alert))).toEqual([]);
});
