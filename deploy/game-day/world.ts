import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Service } from '../local/databases.ts';
import { freePort } from '../local/free-port.ts';
import { type Postgres, startPostgres } from '../local/postgres.ts';
import { type Rabbit, type RabbitOptions, rabbitmqRoot, startRabbit } from '../local/rabbitmq.ts';
import { keptSecrets } from '../local/secrets.ts';
import { readStackFile, type StackFile, stackFileIn } from '../local/stack-file.ts';
import { newPerson, type Person, wanted } from './people.ts';
import { type Prometheus, startPrometheus } from './prometheus.ts';
import { settings } from './settings.ts';
import { type StandIn, startStandIn } from './stand-in.ts';

/** A running system with a Prometheus of its own, and what can be done to it. */
export interface World {
  stack(): StackFile;
  prometheus: Prometheus;
  revio: StandIn;
  rabbit(): Rabbit;
  stopRabbit(): Promise<void>;
  startRabbit(): Promise<void>;
  /** With 20 000.00. */
  user: Person;
  newUser(): Promise<Person>;
  admins: readonly [Person, Person];
  /** As the superuser in a service's database: what no service may do itself. */
  sql<Row extends object>(service: Service, text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** The simulator's control API. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever it answers
  sim(method: 'GET' | 'POST', name: string, input?: object): Promise<any>;
  signal(service: Service, signal: NodeJS.Signals): void;
  /** Pays in a new deposit and waits until it is completed; its id. */
  payIn(amount: string, person?: Person): Promise<string>;
  ended(transactionId: string, person?: Person): Promise<void>;
  stop(): Promise<void>;
}

/** From nothing to five services ready: ten seconds when idle. */
const START_TIMEOUT_MS = 240_000;
/** A deposit or a payout takes two seconds when idle. */
const FLOW_TIMEOUT_MS = 90_000;
const LOOK_EVERY_MS = 200;
/** They stay pending all day, so that Revio is read all the time: each every two seconds. */
const UNPAID_DEPOSITS = 4;
const LAUNCHER_OUTPUT_CHARS = 4_000;

export async function startWorld(root: string): Promise<World> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'piggybank-game-day-'));
  fs.chmodSync(folder, 0o711); // PostgreSQL runs as another user
  const stops: (() => unknown)[] = [() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10 })];
  const stop = async (): Promise<void> => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    return await openWorld(root, folder, stops, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function openWorld(root: string, folder: string, stops: (() => unknown)[], stop: World['stop']): Promise<World> {
  const options: RabbitOptions = {
    dir: path.join(folder, 'rabbitmq'),
    root: rabbitmqRoot(root),
    plugins: ['rabbitmq_prometheus'],
  };
  const postgres = await startPostgres({ dir: path.join(folder, 'postgres'), fsync: false });
  stops.push(() => postgres.stop());
  let rabbit = await startRabbit(options);
  const { ports } = rabbit;
  stops.push(() => rabbit.stop());
  const [standInPort, simulatorPort, gatewayPort] = [await freePort(), await freePort(), await freePort()];
  const revio = await startStandIn(standInPort, simulatorPort);
  stops.push(() => revio.stop());

  const { revioApiKey } = keptSecrets(folder);
  const launcher = launch(
    root,
    folder,
    { postgres, rabbit },
    settings({ gatewayPort, simulatorPort, standInUrl: revio.url, revioApiKey }),
  );
  stops.push(launcher.stop);
  const stack = (): StackFile => {
    const found = readStackFile(stackFileIn(folder));
    if (found === undefined) throw new Error(`the stack is not up: ${launcher.output()}`);
    return found;
  };
  await until(
    'the stack is up',
    () => launcher.failed() ?? readStackFile(stackFileIn(folder)) !== undefined,
    START_TIMEOUT_MS,
  );
  const prometheusFolder = path.join(folder, 'prometheus');
  const prometheus = await startPrometheus(root, prometheusFolder, { stack: stack(), rabbitmqPort: ports.prometheus });
  stops.push(() => prometheus.stop());

  const sql: World['sql'] = async (service, text, values = []) => {
    const client = new pg.Client({ connectionString: stack().services[service].admin_database_url });
    await client.connect();
    try {
      return (await client.query(text, [...values])).rows;
    } finally {
      await client.end();
    }
  };
  const sim: World['sim'] = async (method, name, input) => {
    const url = `${stack().simulator.url}/_sim/${name}`;
    const response = await fetch(url, {
      method,
      ...(method === 'POST'
        ? { body: JSON.stringify(input ?? {}), headers: { 'content-type': 'application/json' } }
        : {}),
    });
    if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const { gateway_url: gatewayUrl, services } = stack();
  const person = (role: 'user' | 'admin') => newPerson(gatewayUrl, services.gateway.admin_database_url, role);
  const user = await person('user');
  const ended: World['ended'] = async (transactionId, who = user) => {
    const isEnded = async (): Promise<boolean> => {
      const { body } = await who.ask('GET', `/transactions/${transactionId}`);
      return ['completed', 'failed', 'cancelled'].includes(body.status);
    };
    await until(`${transactionId} has ended`, isEnded, FLOW_TIMEOUT_MS);
  };
  const payIn: World['payIn'] = async (amount, who = user) => {
    const { body } = wanted(201, await who.deposit(amount));
    await sim('POST', 'pay', { reference: body.id });
    await ended(body.id, who);
    return body.id;
  };
  const world: World = {
    stack,
    prometheus,
    revio,
    rabbit: () => rabbit,
    stopRabbit: () => rabbit.stop(),
    startRabbit: async () => {
      rabbit = await startRabbit({ ...options, ports });
    },
    user,
    newUser: () => person('user'),
    admins: [await person('admin'), await person('admin')],
    sql,
    sim,
    signal: (service, signal) => void process.kill(stack().services[service].pid ?? Number.NaN, signal),
    payIn,
    ended,
    stop,
  };
  await payIn('20000.00');
  for (let unpaid = 0; unpaid < UNPAID_DEPOSITS; unpaid += 1) wanted(201, await user.deposit('1.00'));
  return world;
}

type Servers = { postgres: Postgres; rabbit: Rabbit };

function launch(root: string, folder: string, { postgres, rabbit }: Servers, env: Record<string, string>) {
  const child: ChildProcess = spawn(process.execPath, ['deploy/local/start.mjs'], {
    cwd: root,
    env: {
      ...process.env,
      ...env,
      STATE_DIR: folder,
      DATABASE_URL: postgres.url,
      AMQP_URL: rabbit.url,
      // With npm's mark the launcher watches its parent: it stops even when this process is killed.
      npm_lifecycle_event: 'game-day',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-LAUNCHER_OUTPUT_CHARS);
    });
  const exit = once(child, 'exit');
  return {
    output: () => output,
    failed: (): undefined => {
      if (child.exitCode !== null) throw new Error(`the launcher ended: ${output}`);
    },
    stop: async () => {
      child.kill('SIGTERM');
      await exit;
    },
  };
}

/** Looks until it is so; what `look` throws ends the wait. */
export async function until(what: string, look: () => boolean | Promise<boolean>, timeoutMs: number): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; !(await look()); await sleep(LOOK_EVERY_MS))
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs / 1_000} s: ${what}`);
}

/** Does something again and again until the returned function is called, which waits for the last one. What fails is done again. */
export function repeat(everyMs: number, act: () => Promise<unknown>): () => Promise<void> {
  let going = true;
  const running = (async () => {
    while (going) {
      await act().catch(() => {}); // what stands still refuses, and that is what it is for
      await sleep(everyMs);
    }
  })();
  return async () => {
    going = false;
    await running;
  };
}
