import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gone, type ServerProcess, serve } from './child.ts';
import { freePort } from './free-port.ts';

/** 3–8 s on an idle machine (it scans its feature flags, bound by the processor), 10 s at a load of 10. */
const START_TIMEOUT_MS = 90_000;
/** Ports are chosen before the broker binds them; another program may be faster. */
const START_ATTEMPTS_MAX = 3;
/** `rabbitmqctl` is an Erlang VM of its own: 2 s when idle. */
const CONTROL_TIMEOUT_MS = 60_000;
/** `default_user` of the broker; it exists only on the broker's private address. */
const USER = 'piggybank';

export type RabbitPorts = { amqp: number; management: number; prometheus: number };
export type Rabbit = {
  url: string;
  /** With the broker's own user; answers only when the management plugin is on. */
  managementUrl: string;
  ports: RabbitPorts;
  version: string;
  /** Resolves when it is gone, whoever ended it. */
  exit: Promise<void>;
  stop: (signal?: 'KILL') => Promise<void>;
  /** `rabbitmqctl` with these arguments; throws with what it said when it fails. */
  control: (...args: string[]) => Promise<void>;
};

export type RabbitOptions = {
  /** Everything the node owns lies here; the same folder again is the same broker. */
  dir: string;
  /** What `rabbitmqRoot()` gave. */
  root: string;
  /** None unless named: the management plugin costs two seconds at the start and five at the stop of a 3.10. */
  plugins?: readonly string[];
  /** Free ones unless given. Tests that kill the broker give them, so that clients find it again. */
  ports?: RabbitPorts;
  /** Beyond it the broker takes no messages. */
  memoryMax?: string;
};

/** Plenty for what waits between five services and leaves the machine to others. */
const MEMORY_MAX = '512MB';

type Installation = { root: string; erlang: string; bin: string; home: string; version: string };

/** The root folder of a RabbitMQ 3.10 or newer: the machine's own, or the distribution's packages unpacked into the checkout. */
export function rabbitmqRoot(checkout: string): string {
  const script = path.join(checkout, 'deploy/local/fetch-rabbitmq.sh');
  const output = execFileSync('sh', [script, path.join(checkout, '.local/rabbitmq')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return output.toString().trim();
}

/**
 * A private RabbitMQ node on 127.0.0.1 from the files of an installation, with its own name server, cookie, configuration and data.
 * The machine's own broker, 5672 and 4369 are never touched. It ends when this process ends, however that is.
 */
export async function startRabbit(options: RabbitOptions): Promise<Rabbit> {
  const installation = locate(options.root);
  await gone(path.join(options.dir, 'pid'), options.dir);
  for (const folder of ['home', 'mnesia', 'log'])
    fs.mkdirSync(path.join(options.dir, folder), { recursive: true, mode: 0o700 });
  const password = keptPassword(options.dir);
  for (let attempt = 1; ; attempt++) {
    const ports = options.ports ?? {
      amqp: await freePort(),
      management: await freePort(),
      prometheus: await freePort(),
    };
    const { server, control } = await boot(installation, options, ports, password);
    if (await isReady(server, ports.amqp)) {
      const login = `${USER}:${password}@127.0.0.1`;
      return {
        url: `amqp://${login}:${ports.amqp}`,
        managementUrl: `http://${login}:${ports.management}`,
        ports,
        version: installation.version,
        exit: server.exit,
        stop: server.stop,
        control,
      };
    }
    await server.stop('KILL');
    if (attempt >= START_ATTEMPTS_MAX || !/eaddrinuse/.test(server.output())) {
      throw new Error(`RabbitMQ did not start:\n${server.output()}`);
    }
  }
}

async function boot(
  at: Installation,
  options: RabbitOptions,
  ports: RabbitPorts,
  password: string,
): Promise<{ server: ServerProcess } & Pick<Rabbit, 'control'>> {
  const [distribution, epmd] = [await freePort(), await freePort()];
  const { dir } = options;
  writeErl(at, dir);
  const env = {
    PATH: `${dir}/bin:${at.bin}:/usr/sbin:/usr/bin:/sbin:/bin`,
    LANG: 'C.UTF-8',
    HOME: path.join(dir, 'home'), // holds .erlang.cookie
    ...(at.root === '/' ? {} : { LD_LIBRARY_PATH: path.join(at.root, 'usr/lib', DEBIAN_TRIPLETS[process.arch] ?? '') }),
    ERL_EPMD_PORT: String(epmd),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    // Lets the start script exec the VM instead of forking it: our pid is the broker's, and a KILL hits the broker.
    RUNNING_UNDER_SYSTEMD: 'true',
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_NODENAME: 'piggybank@localhost',
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(ports.amqp),
    RABBITMQ_LOGS: '-',
    RABBITMQ_LOG_BASE: path.join(dir, 'log'),
    RABBITMQ_MNESIA_BASE: path.join(dir, 'mnesia'),
    RABBITMQ_PID_FILE: path.join(dir, 'pid'),
    RABBITMQ_ENABLED_PLUGINS_FILE: write(dir, 'enabled_plugins', `[${(options.plugins ?? []).join(',')}].\n`),
    RABBITMQ_ADVANCED_CONFIG_FILE: write(
      dir,
      'advanced.config',
      '[{kernel,[{inet_dist_use_interface,{127,0,0,1}}]}].\n',
    ),
    RABBITMQ_CONFIG_FILE: write(dir, 'rabbitmq.conf', configuration(ports, password, options.memoryMax ?? MEMORY_MAX)),
  };
  // Its own name server, in the foreground: the VM would otherwise start a daemon that stays for ever.
  const helper = [path.join(at.bin, 'epmd'), '-port', String(epmd), '-address', '127.0.0.1'] as const;
  const server = serve([path.join(at.home, 'sbin/rabbitmq-server')], { env, cwd: dir, signal: 'TERM', helper });
  const control = async (...args: string[]): Promise<void> => {
    const rabbitmqctl = path.join(at.home, 'sbin/rabbitmqctl');
    await promisify(execFile)(rabbitmqctl, ['--quiet', ...args], { env, cwd: dir, timeout: CONTROL_TIMEOUT_MS });
  };
  return { server, control };
}

const DEBIAN_TRIPLETS: Partial<Record<string, string>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };

function configuration(ports: RabbitPorts, password: string, memoryMax: string): string {
  return [
    `listeners.tcp.default = 127.0.0.1:${ports.amqp}`,
    `default_user = ${USER}`,
    `default_pass = ${password}`,
    'default_user_tags.administrator = true',
    'management.tcp.ip = 127.0.0.1',
    `management.tcp.port = ${ports.management}`,
    'prometheus.tcp.ip = 127.0.0.1',
    `prometheus.tcp.port = ${ports.prometheus}`,
    `vm_memory_high_watermark.absolute = ${memoryMax}`,
    'disk_free_limit.absolute = 50MB',
    'log.console = true',
    'log.console.level = warning',
    '',
  ].join('\n');
}

function locate(root: string): Installation {
  const erlang = path.join(root, 'usr/lib/erlang');
  const runtime = newest(erlang, 'erts-');
  const home = newest(path.join(root, 'usr/lib/rabbitmq/lib'), 'rabbitmq_server-');
  if (runtime === undefined || home === undefined) throw new Error(`no RabbitMQ and Erlang under ${root}`);
  return { root, erlang, bin: path.join(runtime, 'bin'), home, version: home.split('-').at(-1) ?? '' };
}

function newest(folder: string, prefix: string): string | undefined {
  if (!fs.existsSync(folder)) return undefined;
  const names = fs.readdirSync(folder).filter((name) => name.startsWith(prefix));
  const last = names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  return last === undefined ? undefined : path.join(folder, last);
}

/** Debian's `erl` has /usr/lib/erlang written into it, whatever ERL_ROOTDIR says; this one knows the true place and is first in PATH. */
function writeErl(at: Installation, dir: string): void {
  const lines = [
    '#!/bin/sh',
    `export ROOTDIR='${at.erlang}' BINDIR='${at.bin}' EMU=beam PROGNAME=erl`,
    `exec '${at.bin}/erlexec' "$@"`,
  ];
  write(dir, 'bin/erl', `${lines.join('\n')}\n`, 0o755);
}

/** `default_user` is created on the first boot of a folder only, so its password must outlive that boot. */
function keptPassword(dir: string): string {
  const file = path.join(dir, 'password');
  if (!fs.existsSync(file)) write(dir, 'password', randomBytes(12).toString('hex'));
  return fs.readFileSync(file, 'utf8');
}

function write(dir: string, name: string, content: string, mode = 0o600): string {
  const file = path.join(dir, name);
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  fs.writeFileSync(file, content, { mode });
  return file;
}

async function isReady(server: ServerProcess, port: number): Promise<boolean> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!server.exited() && Date.now() < deadline) {
    if (await answers(port)) return true;
    await sleep(50);
  }
  return false;
}

/** A broker that is up answers the protocol header with connection.start (AMQP 0-9-1, section 4.2.2); an open port alone proves nothing. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('AMQP\0\0\x09\x01'));
    socket.setTimeout(2_000, () => socket.destroy());
    socket.on('error', () => resolve(false)).on('close', () => resolve(false));
    socket.on('data', () => {
      resolve(true);
      socket.destroy();
    });
  });
}
