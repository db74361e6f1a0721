import fs from 'node:fs';
import { type Service, serviceNames } from '../local/databases.ts';
import { type Command, readRunbook } from './runbook.ts';
import type { World } from './world.ts';

/** How long each service's log is at this moment, so that later only what came after it is searched. */
export const logsNow = ({ stack }: World): Record<Service, number> =>
  Object.fromEntries(serviceNames.map((name) => [name, fs.statSync(stack().services[name].log).size])) as Record<
    Service,
    number
  >;

/**
 * While an alert fires, the commands of its runbook are carried out: the queries against its Prometheus, the searches in the log since the
 * scene began, the requests as an admin, the SQL. Returns those that found nothing. What needs a value that only a person can choose is
 * left out.
 */
export async function tryRunbook(
  world: World,
  root: string,
  firing: { alert: string; labels: Readonly<Record<string, string>>; logs: Record<Service, number> },
): Promise<string[]> {
  const found = await Promise.all(
    readRunbook(root, firing.alert).map(async (command) => {
      const isHelpful = await carryOut(world, command, firing).catch(() => false);
      return isHelpful || command.maybeSilent ? [] : [`nothing comes of: ${command.text}`];
    }),
  );
  return found.flat();
}

async function carryOut(
  world: World,
  command: Command,
  { labels, logs }: { labels: Readonly<Record<string, string>>; logs: Record<Service, number> },
): Promise<boolean> {
  switch (command.kind) {
    case 'query':
      return (await world.prometheus.query(command.promql)) > 0;
    case 'log': {
      const wanted = command.service === '<service>' ? (labels['service'] ?? labels['queue']) : command.service;
      const service = serviceNames.find((name) => name === wanted);
      if (service === undefined) return wanted === undefined;
      const pattern = filledIn(command.pattern.source, labels);
      if (pattern === undefined) return true;
      const log = fs.readFileSync(world.stack().services[service].log).subarray(logs[service]).toString('utf8');
      return new RegExp(pattern).test(log);
    }
    case 'api': {
      if (command.path.includes('<')) return true;
      return (await world.admins[0].ask('GET', command.path)).status === 200;
    }
    case 'sql': {
      const [, table] = /^\\d (\w+)$/.exec(command.sql) ?? [];
      const wanted = command.service === '<service>' ? labels['service'] : command.service;
      const service = serviceNames.find((name) => name === wanted);
      if (service === undefined) return false;
      const text = table === undefined ? command.sql : `SELECT '${table}'::regclass`;
      return (await world.sql(service, text)).length > 0;
    }
    case 'other':
      return true;
  }
}

/** `<loop>` is the alert's label; undefined where only a person knows what to put in. */
function filledIn(pattern: string, labels: Readonly<Record<string, string>>): string | undefined {
  const filled = pattern.replaceAll(/<(\w+)>/g, (whole, name: string) => labels[name] ?? whole);
  return filled.includes('<') ? undefined : filled;
}
