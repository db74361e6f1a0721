import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { createServiceDatabase, type Service, serviceNames } from '../local/databases.ts';
import { migrateService } from '../local/migrate-service.ts';
import { type Ports, serviceEnvironment } from '../local/service-environment.ts';
import type { PrivateServers } from './private-servers.ts';

/** A service is up in a second or two; on a machine under load, in ten. */
const bootMsMax = 60_000;

export interface ServiceProcess {
  url: string;
  opsUrl: string;
  pid: number;
  /** Of the superuser, in the service's database. */
  adminUrl: string;
  stop(): Promise<void>;
}

/**
 * One service as `npm start` runs it, the built code in a process of its own, on a database and queues that nobody else uses. Its log goes
 * into a file: lines that came here by a pipe would cost whoever makes the load.
 */
export async function startOneService(
  { folder, secrets, postgresUrl, amqpUrl }: PrivateServers,
  wanted: {
    service: Service;
    /** Tells several of one service apart. */
    name: string;
    revioPublicKeys?: string;
    /** Where all other services are. */
    others?: number;
    env?: NodeJS.ProcessEnv;
    root: string;
  },
): Promise<ServiceProcess> {
  const { service, name, revioPublicKeys = '', others = 9, env = {}, root } = wanted;
  const database = await createServiceDatabase(postgresUrl, {
    service,
    password: secrets.rolePasswords[service],
    database: `bench_${name}`,
  });
  await migrateService(service, database.ownerUrl);
  const at = { port: others, opsPort: 0 };
  const ports = Object.fromEntries([...serviceNames, 'simulator'].map((each) => [each, at])) as Ports;
  const databases = Object.fromEntries(serviceNames.map((each) => [each, database])) as Record<
    Service,
    typeof database
  >;
  const wiring = { secrets, ports, databases, amqpUrl, revioPublicKeys };
  const own = { AMQP_PREFIX: `${name}.`, RATE_LIMITS_ENFORCED: 'true', ...env, PORT: '0', OPS_PORT: '0' };
  const log = fs.openSync(path.join(folder, `${name}.log`), 'a');
  const file = path.join(root, `dist/services/${service}/src/main.js`);
  const child = spawn(process.execPath, ['--enable-source-maps', file], {
    cwd: root,
    env: { ...serviceEnvironment(service, wiring, process.env), ...own },
    stdio: ['ignore', log, log, 'ipc'],
  });
  fs.closeSync(log);
  const { url, opsUrl } = await told(child, path.join(folder, `${name}.log`));
  return { url, opsUrl, pid: child.pid ?? 0, adminUrl: database.adminUrl, stop: () => end(child) };
}

/** Where a process listens: services say so, and the stubs here do it likewise. */
export const ready = async (child: ChildProcess): Promise<string> => (await told(child)).url;

async function told(child: ChildProcess, log?: string): Promise<{ url: string; opsUrl: string }> {
  const gone = once(child, 'exit').then(([code, signal]) => {
    const said = log === undefined ? '' : fs.readFileSync(log, 'utf8').slice(-4_000);
    throw new Error(`a process ended with ${signal ?? code} before it was ready:\n${said}`);
  });
  const timeout = setTimeout(() => child.kill('SIGKILL'), bootMsMax);
  try {
    const said = once(child, 'message').then(([message]) => message as { url: string; opsUrl: string });
    return await Promise.race([said, gone]);
  } finally {
    clearTimeout(timeout);
    gone.catch(() => undefined);
  }
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
