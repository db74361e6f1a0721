import { readdirSync, readFileSync } from 'node:fs';
import { catalogue, type ExportedMetric, ofTheProcess } from '../prometheus/catalogue.ts';

const rulesFolder = 'deploy/prometheus/rules';
/** A longer list of values is shown by its length. */
const valuesShownMax = 8;

/** `docs/metrics.md`: every metric that a service exports, and which alerts look at it. */
export function metricPages(): Map<string, string> {
  const rules = readdirSync(rulesFolder)
    .filter((name) => name.endsWith('.yml'))
    .map((name) => readFileSync(`${rulesFolder}/${name}`, 'utf8'))
    .join('\n');
  const rows = Object.entries(catalogue).map(([name, metric]) => row(name, metric, alertsOn(name, rules)));
  return new Map([['docs/metrics.md', `${introduction}${rows.join('\n')}\n${process}`]]);
}

const introduction = `# Metrics

Each service answers \`/metrics\` on its ops port, which no balancer exposes. Every series has the label \`service\`. Units are seconds and
bytes; amounts are minor units. Label values are never ids. What is known beforehand begins at 0, so that its first event shows as an
increase. A gauge that cannot be measured now is absent, not 0: its alert says so.

Replicas export what they see: gauges that are read from the database are the same for all of them (take \`max\`), counters are each
one's own (take \`sum\`). What is done with them: [alerts and dashboards](observability.md).

Generated from \`deploy/prometheus/catalogue.ts\` by \`npm run generate\`; a test compares that with running services, both ways.

| metric | type | of | | labels | alerts |
| --- | --- | --- | --- | --- | --- |
`;

const process = `
## Of every process

prom-client's own: ${ofTheProcess.map((name) => `\`${name}\``).join(', ')}.
`;

function row(name: string, { type, of, help, labels }: ExportedMetric, alerts: readonly string[]): string {
  const labelled = Object.entries(labels).map(([label, values]) => `\`${label}\`${valuesOf(values)}`);
  const cells = [
    `\`${name}\``,
    type,
    of === 'all' ? 'all' : of.join(', '),
    help,
    labelled.join('; '),
    alerts.join(', '),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

const valuesOf = (values: 'open' | readonly string[]): string => {
  if (values === 'open') return '';
  return values.length > valuesShownMax ? ` (${values.length} values)` : `: ${values.join(', ')}`;
};

/** By the text of the rules, recording rules included: what an alert looks at through one of those is named there. */
function alertsOn(name: string, rules: string): string[] {
  const named = new RegExp(`\\b${name}(_bucket|_sum|_count)?\\b`);
  const alerts = rules
    .split(/^ *- (?=alert: |record: )/m)
    .filter((rule) => rule.startsWith('alert: ') && named.test(rule))
    .map((rule) => /^alert: (\w+)/.exec(rule)?.[1] ?? '');
  return alerts.map((alert) => `[${alert}](runbooks/${runbookOf(alert)})`);
}

const runbookOf = (alert: string): string => `${alert.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase()}.md`;
