import fs from 'node:fs';
import path from 'node:path';
import { type Address, haproxyProgram, startBalancer } from './balancer.ts';
import { createServiceDatabase, type Service, type ServiceDatabase, serviceNames } from './databases.ts';
import { type DemoAccount, openDemoAccount } from './demo-account.ts';
import { freePort } from './free-port.ts';
import { openLogFile } from './log-file.ts';
import { migrateService } from './migrate-service.ts';
import type { Options } from './options.ts';
import { choosePorts, replicaAddresses } from './ports.ts';
import { startRoundRobin } from './round-robin.ts';
import { keptSecrets } from './secrets.ts';
import { keepUp, type Servers, startServers } from './servers.ts';
import {
  type Ports,
  serviceEnvironment,
  simulatorEnvironment,
  urlAt,
  type Wiring,
  webhookUrl,
} from './service-environment.ts';
import { simulatorPublicKeys } from './simulator-keys.ts';
import { type StackFile, writeStackFile } from './stack-file.ts';
import { stackTable } from './stack-table.ts';
import { type Supervised, supervise } from './supervise.ts';
import { lineShower } from './terminal.ts';

type Given = {
  root: string;
  options: Options;
  beginMs: number;
  stackFile: string;
  push: (name: string, release: () => void | Promise<void>) => void;
  stopping: () => boolean;
};

type ProcessName = Service | 'simulator';
type Databases = Record<Service, ServiceDatabase>;
type Processes = Record<ProcessName, Supervised[]>;
type Replicas = Record<Service, Address[]>;

/** What stops together, in this order: requests from outside end first, and whoever is called outlives its callers. */
const STOP_ORDER: readonly ProcessName[][] = [
  ['gateway', 'webhooks'],
  ['payments', 'reconciler'],
  ['wallet', 'simulator'],
];

/** Servers, databases, simulator, services, demo account, table. Throws at the first that fails; what was opened is in `push`. */
export async function bringUp(given: Given): Promise<void> {
  const { root, options, push } = given;
  const say = (text: string): void => console.log(text);
  const secrets = keptSecrets(options.stateFolder);
  const ports = await choosePorts(options.stateFolder, { gatewayPort: options.port, env: process.env });
  const replicas = await chooseReplicas(ports, options);
  const servers = await startServers(options, root, secrets.postgresPassword, { push, say, stopping: given.stopping });
  const databases = await prepareDatabases(servers.postgresUrl, secrets.rolePasswords);

  let stack: StackFile | undefined;
  const describeAgain = (): void => {
    if (stack === undefined) return; // not all are up yet
    stack = describe({ given, wiring, replicas, balancerUrl, servers, databases, processes, demo: stack.demo });
    writeStackFile(given.stackFile, stack);
  };
  const launch = processLauncher(given, say, describeAgain);
  const simulatorState = path.join(options.stateFolder, 'simulator.json');
  const simulator = launch('simulator', simulatorEnvironment(simulatorState, { secrets, ports }, process.env));
  await simulator.started;
  const revioPublicKeys = await simulatorPublicKeys(urlAt(ports.simulator.port));
  const wiring: Wiring = { secrets, ports, databases, amqpUrl: servers.amqpUrl, revioPublicKeys };
  const balancerUrl = await balance(given, wiring, replicas);
  const services = perService((name) =>
    replicas[name].map((at, n, all) => {
      const env = serviceEnvironment(name, wiring, process.env, all.length > 1 ? at : undefined);
      return launch(name, env, all.length > 1 ? n + 1 : undefined);
    }),
  );
  const processes: Processes = { ...services, simulator: [simulator] };
  stopInOrder(processes, push);
  await Promise.all(Object.values(processes).flatMap((each) => each.map(({ started }) => started)));

  const demo = await openDemoAccount({
    gatewayUrl: urlAt(ports.gateway.port),
    simulatorUrl: urlAt(ports.simulator.port),
    password: secrets.demoPassword,
  });
  stack = describe({ given, wiring, replicas, balancerUrl, servers, databases, processes, demo });
  writeStackFile(given.stackFile, stack);
  // For `curl -H @file`: three commands that are short enough to read, and no token in anybody's shell history.
  const headersFile = path.join(options.runFolder, 'demo-headers');
  const headers = ['Content-Type: application/json', `Authorization: Bearer ${demo.access_token}`];
  fs.writeFileSync(headersFile, `${headers.join('\n')}\n`, { mode: 0o600 });
  say(stackTable(stack, { stackFile: given.stackFile, headersFile }, Date.now() - given.beginMs));
}

async function chooseReplicas(ports: Ports, { scale }: Options): Promise<Replicas> {
  const chosen = {} as Replicas;
  for (const name of serviceNames) chosen[name] = await replicaAddresses(name, ports, scale);
  return chosen;
}

/** Before the services and, as releases go last in, first out, after them: they call each other through it until the end. */
async function balance({ root, options, ...opened }: Given, { ports }: Wiring, replicas: Replicas) {
  const several = serviceNames.filter((name) => replicas[name].length > 1);
  if (several.length === 0) return null;
  const fronts = several.map((name) => ({ name, port: ports[name].port, replicas: replicas[name] }));
  const folder = path.join(options.runFolder, 'haproxy-run');
  const program = haproxyProgram(root);
  if (program === undefined) {
    const { stop } = await startRoundRobin(fronts);
    opened.push('balancer', stop);
    return null;
  }
  const chosen = { program, checkout: root, folder, fronts, port: await freePort() };
  const start = () => startBalancer(chosen);
  const first = await start();
  keepUp('HAProxy', first, start, { ...opened, say: (text) => console.log(text) });
  return first.url;
}

async function prepareDatabases(adminUrl: string, passwords: Record<Service, string>): Promise<Databases> {
  const ready = serviceNames.map(async (service) => {
    const database = await createServiceDatabase(adminUrl, { service, password: passwords[service] });
    await migrateService(service, database.ownerUrl);
    return [service, database] as const;
  });
  return Object.fromEntries(await Promise.all(ready)) as Databases;
}

function processLauncher({ root, options }: Given, say: (text: string) => void, onRestarted: () => void) {
  const onLine = lineShower(options.verbose);
  return (service: ProcessName, env: NodeJS.ProcessEnv, replica?: number): Supervised => {
    const file = service === 'simulator' ? 'libs/revio-simulator/main.js' : `services/${service}/src/main.js`;
    const name = replica === undefined ? service : `${service}-${replica}`;
    const log = openLogFile(logFileOf(options, name));
    return supervise({ name, file: path.join(root, 'dist', file), cwd: root, env, log, onLine, say, onRestarted });
  };
}

const logFileOf = (options: Options, name: string): string => path.join(options.runFolder, 'logs', `${name}.log`);

/** Last in, first out: so the last to stop is pushed first. */
function stopInOrder(processes: Processes, push: Given['push']): void {
  for (const names of STOP_ORDER.toReversed()) {
    push(names.join(' and '), async () => {
      await Promise.all(names.flatMap((name) => processes[name].map((process) => process.stop())));
    });
  }
}

type Described = {
  given: Given;
  wiring: Wiring;
  replicas: Replicas;
  balancerUrl: string | null;
  servers: Servers;
  databases: Databases;
  processes: Processes;
  demo: DemoAccount;
};

function describe({ given, wiring, replicas, balancerUrl, servers, databases, processes, demo }: Described): StackFile {
  const { secrets, ports } = wiring;
  const running = (name: ProcessName, at: Address, n = 0) => ({
    url: urlAt(at.port),
    pid: processes[name][n]?.pid(),
    log: logFileOf(given.options, processes[name][n]?.name ?? name),
  });
  const service = (name: Service) => {
    const all = replicas[name].map((at, n) => ({ ...running(name, at, n), ops_url: urlAt(at.opsPort) }));
    return { ...running(name, ports[name]), ops_url: urlAt(ports[name].opsPort), replicas: all };
  };
  return {
    pid: process.pid,
    started_at: new Date(given.beginMs).toISOString(),
    gateway_url: urlAt(ports.gateway.port),
    services: perService((name) => ({
      ...service(name),
      database_url: databases[name].serviceUrl,
      admin_database_url: databases[name].adminUrl,
      internal_key: secrets.internalKeys[name],
    })),
    simulator: {
      ...running('simulator', ports.simulator),
      api_base_url: `${urlAt(ports.simulator.port)}/api/v1/`,
      api_key: secrets.revioApiKey,
      brand_id: secrets.revioBrandId,
      webhook_url: webhookUrl(ports),
    },
    postgres_url: servers.postgresUrl,
    amqp_url: servers.amqpUrl,
    balancer_url: balancerUrl,
    rabbitmq_management_url: servers.managementUrl ?? null,
    demo,
  };
}

const perService = <Value>(make: (name: Service) => Value): Record<Service, Value> =>
  Object.fromEntries(serviceNames.map((name) => [name, make(name)])) as Record<Service, Value>;
