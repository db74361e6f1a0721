import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { serve } from '../local/child.ts';
import { freePort } from '../local/free-port.ts';
import type { StackFile } from '../local/stack-file.ts';
import { shortened } from './shorten-rules.ts';

export interface FiringAlert {
  name: string;
  labels: Record<string, string>;
}

export interface Prometheus {
  url: string;
  /** What is firing now; what is only pending is not. */
  firing(): Promise<FiringAlert[]>;
  /** How many series an expression has. */
  query(promql: string): Promise<number>;
  stop(): Promise<void>;
}

/** It reads an empty folder and no history. */
const START_TIMEOUT_MS = 30_000;
const LOOK_EVERY_MS = 100;
const ANSWER_TIMEOUT_MS = 5_000;

/** A private Prometheus over the stack: the real configuration and rules, with addresses of this machine and every duration shortened. */
export async function startPrometheus(root: string, folder: string, at: Scraped): Promise<Prometheus> {
  const bin = execFileSync('sh', ['deploy/local/fetch-prometheus.sh', '.local/prometheus'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  writeConfiguration(root, folder, at);
  const port = await freePort();
  const command: [string, ...string[]] = [
    path.join(bin.toString().trim(), 'prometheus'),
    `--config.file=${path.join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${path.join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ];
  const server = serve(command, { env: { PATH: '/usr/bin:/bin' }, cwd: folder, signal: 'TERM' });
  const url = `http://127.0.0.1:${port}`;
  const ask = (what: string) => fetch(url + what, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
  for (const deadline = Date.now() + START_TIMEOUT_MS; ; await sleep(LOOK_EVERY_MS)) {
    if (server.exited() || Date.now() > deadline) throw new Error(`Prometheus did not start:\n${server.output()}`);
    if (
      await ask('/-/ready').then(
        (answer) => answer.ok,
        () => false,
      )
    )
      break;
  }
  return {
    url,
    firing: async () => {
      const { data } = (await (await ask('/api/v1/alerts')).json()) as { data: { alerts: ActiveAlert[] } };
      return data.alerts
        .filter(({ state }) => state === 'firing')
        .map(({ labels }) => ({ name: labels['alertname'] ?? '', labels }));
    },
    query: async (promql) => {
      const answer = await ask(`/api/v1/query?${new URLSearchParams({ query: promql })}`);
      const { data } = (await answer.json()) as { data?: { result: unknown[] } };
      return data?.result.length ?? 0;
    },
    stop: () => server.stop(),
  };
}

type ActiveAlert = { state: string; labels: Record<string, string> };
export type Scraped = { stack: StackFile; rabbitmqPort: number };

interface ScrapeJob {
  job_name: string;
  dns_sd_configs?: { names: string[] }[];
  static_configs?: { targets: string[]; labels: Record<string, string> }[];
}

/** The names that are looked up in containers become addresses here; the relabelling sees the same name. */
function writeConfiguration(root: string, folder: string, { stack, rabbitmqPort }: Scraped): void {
  const source = path.join(root, 'deploy/prometheus');
  fs.mkdirSync(path.join(folder, 'rules'), { recursive: true });
  for (const file of fs.readdirSync(path.join(source, 'rules'))) {
    fs.writeFileSync(
      path.join(folder, 'rules', file),
      shortened(fs.readFileSync(path.join(source, 'rules', file), 'utf8')),
    );
  }
  const config = parse(fs.readFileSync(path.join(source, 'prometheus.yml'), 'utf8')) as {
    global: object;
    scrape_configs: ScrapeJob[];
  };
  const addressOf = (name: string): string =>
    name === 'rabbitmq'
      ? `127.0.0.1:${rabbitmqPort}`
      : new URL(stack.services[name as keyof StackFile['services']].ops_url).host;
  config.global = { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' };
  for (const job of config.scrape_configs) {
    const names = (job.dns_sd_configs ?? []).flatMap((lookUp) => lookUp.names);
    delete job.dns_sd_configs;
    job.static_configs = names.map((name) => ({ targets: [addressOf(name)], labels: { __meta_dns_name: name } }));
  }
  fs.writeFileSync(path.join(folder, 'prometheus.yml'), stringify(config));
}
