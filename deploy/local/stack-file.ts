import fs from 'node:fs';
import path from 'node:path';
import type { Service } from './databases.ts';
import type { DemoAccount } from './demo-account.ts';

/** stack.json: what runs, for tools and tests. It holds secrets, so nobody else may read it. */
export type StackFile = {
  /** Of the launcher: a SIGTERM to it stops everything. */
  pid: number;
  started_at: string;
  gateway_url: string;
  services: Record<Service, StackService>;
  simulator: {
    url: string;
    pid: number | undefined;
    log: string;
    api_base_url: string;
    api_key: string;
    brand_id: string;
    webhook_url: string;
  };
  /** Of the superuser. */
  postgres_url: string;
  amqp_url: string;
  rabbitmq_management_url: string | null;
  /** The page of the one before the replicas, where a service has several. */
  balancer_url: string | null;
  demo: DemoAccount;
};

type StackProcess = {
  url: string;
  ops_url: string;
  pid: number | undefined;
  log: string;
};

/** `url` is the balancer's where there are several replicas; `ops_url`, `pid` and `log` are then the first one's. */
type StackService = StackProcess & {
  replicas: StackProcess[];
  /** Of the service's own role. */
  database_url: string;
  /** Of the superuser, in the service's database. */
  admin_database_url: string;
  /** Base64, what its internal tokens are signed with. */
  internal_key: string;
};

export const stackFileIn = (runFolder: string): string => path.join(runFolder, 'stack.json');

/** Whole or not at all: a reader never sees half a file. */
export function writeStackFile(file: string, stack: StackFile): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(`${file}.new`, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
  fs.renameSync(`${file}.new`, file);
}

/** Undefined when there is none, or the launcher that wrote it has only begun. */
export function readStackFile(file: string): StackFile | undefined {
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : undefined;
}
