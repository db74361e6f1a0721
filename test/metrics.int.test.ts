import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ServiceName, serviceNames } from '#libs/contracts';
import { poll } from '#libs/testing';
import { freePort } from '../deploy/local/free-port.ts';
import { catalogue, type ExportedMetric, ofTheProcess } from '../deploy/prometheus/catalogue.ts';
import { type System, startSystem } from './system/start-system.ts';

/** What docs/metrics.md, the alert rules and the dashboards rely on is what running services export (O3, O4). */
let system: System;
const opsPorts = new Map<ServiceName, number>();

interface Exposed {
  type: string;
  help: string;
  /** Label names and the values that were seen, without `service` and `le`. */
  labels: Map<string, Set<string>>;
  series: number;
}
let exposed: Map<ServiceName, Map<string, Exposed>>;

beforeAll(async () => {
  for (const service of serviceNames) opsPorts.set(service, await freePort());
  const opsPort = (service: ServiceName) => ({ OPS_PORT: String(opsPorts.get(service)) });
  system = await startSystem({
    // Limits as in production, but for the general one: this test asks again and again.
    settings: {
      ...Object.fromEntries(serviceNames.map((service) => [service, opsPort(service)])),
      gateway: { ...opsPort('gateway'), RATE_LIMITS_ENFORCED: 'true', RATE_LIMIT_GENERAL: '100000' },
      wallet: { ...opsPort('wallet'), LEDGER_CHECK_INTERVAL_MS: '500' },
      reconciler: { ...opsPort('reconciler'), CONSERVATION_INTERVAL_MS: '500' },
    },
  });
  const client = await system.funded('100.00');
  const { body } = await client.withdraw('10.00');
  await poll(async () => (await client.transaction(body.id)).body.status === 'processing', { timeoutMs: 60_000 });
  // The first looks of the two checks: until then their gauges are absent, on purpose.
  await poll(
    async () => {
      exposed = new Map(
        await Promise.all(serviceNames.map(async (service) => [service, await scrape(service)] as const)),
      );
      const checks = ['ledger_imbalance_minor', 'conservation_differences'];
      const all = new Set(
        [...exposed.values()].flatMap((of) => [...of].filter(([, one]) => one.series > 0).map(([n]) => n)),
      );
      return checks.every((name) => all.has(name));
    },
    { timeoutMs: 60_000 },
  );
}, 240_000);
afterAll(() => system.close());

async function scrape(service: ServiceName): Promise<Map<string, Exposed>> {
  const text = await (await fetch(`http://127.0.0.1:${opsPorts.get(service)}/metrics`)).text();
  const found = new Map<string, Exposed>();
  for (const line of text.split('\n')) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (kind === 'HELP') found.set(name, { type: '', help: rest, labels: new Map(), series: 0 });
    if (kind === 'TYPE') Object.assign(found.get(name) ?? {}, { type: rest });
    if (kind === undefined) noteSeries(found, line);
  }
  return found;
}

function noteSeries(found: Map<string, Exposed>, line: string): void {
  const [, series = '', labels = ''] = /^([a-z_]+)\{(.*)\} \S+$/.exec(line) ?? [];
  const metric = found.get(series) ?? found.get(series.replace(/_(bucket|sum|count)$/, ''));
  if (metric === undefined) return;
  metric.series++;
  for (const [, label = '', value = ''] of labels.matchAll(/(\w+)="([^"]*)"/g)) {
    if (label === 'service' || label === 'le') continue;
    metric.labels.set(label, (metric.labels.get(label) ?? new Set()).add(value));
  }
}

const exportedBy = ({ of }: ExportedMetric): readonly ServiceName[] => (of === 'all' ? serviceNames : of);

test('O4: whatever a service exports is in the catalogue, and as it says there', () => {
  const wrong = [...exposed].flatMap(([service, metrics]) =>
    [...metrics].flatMap(([name, { type, help, labels }]) => {
      const known = catalogue[name];
      if (known === undefined)
        return ofTheProcess.includes(name) ? [] : [`${service}: ${name} is not in the catalogue`];
      if (!exportedBy(known).includes(service)) return [`${name} is of ${service} as well`];
      const strange = [...labels].flatMap(([label, values]) => {
        const listed = known.labels[label];
        if (listed === undefined) return [`${service}: ${name} has a label ${label}`];
        return [...values]
          .filter((value) => listed !== 'open' && !listed.includes(value))
          .map((v) => `${name}: ${label}=${v}`);
      });
      const said = [
        type === known.type ? [] : [`${name} is a ${type}`],
        help === known.help ? [] : [`${name}: ${help}`],
      ];
      return [...strange, ...said.flat()];
    }),
  );
  expect(wrong).toEqual([]);
});

/** Absent until there is one: a case, a debt. */
const onlyWhenThere = new Set(['cases_open_by_cause', 'ledger_debts_minor']);

test('O4: whatever the catalogue names is exported, with every label and every listed value', () => {
  const ofProcess = serviceNames.flatMap((service) =>
    ofTheProcess.filter((name) => !exposed.get(service)?.has(name)).map((name) => `${service}: ${name}`),
  );
  const missing = Object.entries(catalogue).flatMap(([name, metric]) => {
    const found = exportedBy(metric).map((service) => exposed.get(service)?.get(name));
    if (found.some((one) => one === undefined))
      return [`${name} is missing at ${exportedBy(metric).filter((_, n) => !found[n])}`];
    if (onlyWhenThere.has(name)) return [];
    if (!found.some((one) => (one?.series ?? 0) > 0)) return [`${name} has no series`];
    return Object.entries(metric.labels).flatMap(([label, values]) => {
      const seen = new Set(found.flatMap((one) => [...(one?.labels.get(label) ?? [])]));
      if (seen.size === 0) return [`${name} has no label ${label}`];
      // A histogram of requests has a series for what was asked; all else begins at 0.
      if (values === 'open' || (name.startsWith('http_') && metric.type === 'histogram')) return [];
      return values.filter((value) => !seen.has(value)).map((value) => `${name}: no ${label}=${value}`);
    });
  });
  expect([...ofProcess, ...missing]).toEqual([]);
});

test('A8: no label value is an id', () => {
  const idForm = /[0-9a-f]{8}-[0-9a-f]{4}|\b(dep|wd|rev)_|@|[0-9A-HJKMNP-TV-Z]{20}/;
  const ids = [...exposed.values()].flatMap((metrics) =>
    [...metrics].flatMap(([name, { labels }]) =>
      [...labels].flatMap(([label, values]) =>
        [...values].filter((value) => idForm.test(value)).map((value) => `${name} ${label}=${value}`),
      ),
    ),
  );
  expect(ids).toEqual([]);
});
