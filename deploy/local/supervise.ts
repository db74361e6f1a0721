import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogFile } from './log-file.ts';

/** Migrated databases and a running broker: a service is up in one or two seconds; on a machine under load, in ten. */
const BOOT_TIMEOUT_MS = 60_000;
/** A service bounds its own drain at 10 s per step; one that takes longer than this hangs. */
const STOP_TIMEOUT_MS = 14_000;
/** The first restart is at once visible to no one; one that dies at every boot must not spin. */
const RESTART_PAUSE_MIN_MS = 250;
const RESTART_PAUSE_MAX_MS = 10_000;
/** Ready for this long: the next death is a new misfortune, not the same one. */
const HEALTHY_AFTER_MS = 1_000;
/** What a service said last, to show when it dies at boot. */
const LINES_KEPT = 25;

/** What a child tells its launcher when it is ready. */
export type Ready = { url: string; opsUrl?: string };

export type Supervised = {
  name: string;
  /** Resolves when it first says that it is ready; rejects with its last lines when it does not get that far. */
  started: Promise<Ready>;
  pid: () => number | undefined;
  stop: () => Promise<void>;
};

export type Supervision = {
  name: string;
  /** The compiled file that the process runs. */
  file: string;
  cwd: string;
  env: NodeJS.ProcessEnv;
  log: LogFile;
  /** Each line of its output, for the terminal. */
  onLine: (name: string, line: string) => void;
  say: (text: string) => void;
  /** It runs again, as another process. */
  onRestarted: () => void;
};

/**
 * Runs a service as a process of its own. Once it was ready, a death is answered by a restart, as long as nobody asked for the stop.
 * The IPC channel is its dead man's switch: a service whose launcher is gone drains and exits.
 */
export function supervise(options: Supervision): Supervised {
  let stopping = false;
  let current = launch(options);
  let readyAtMs = Number.POSITIVE_INFINITY;
  const started = current.ready.then((ready) => {
    readyAtMs = Date.now();
    void keepUp();
    return ready;
  });

  const keepUp = async (): Promise<void> => {
    for (let failures = 0; ; ) {
      const how = await current.exit;
      if (stopping) return;
      failures = Date.now() - readyAtMs > HEALTHY_AFTER_MS ? 0 : failures + 1;
      const pauseMs = Math.min(RESTART_PAUSE_MAX_MS, RESTART_PAUSE_MIN_MS * 2 ** failures);
      options.say(`${options.name} ended with ${how}; again in ${pauseMs / 1000} s`);
      await sleep(pauseMs);
      if (stopping) return;
      readyAtMs = Number.POSITIVE_INFINITY;
      current = launch(options);
      current.ready.then(
        () => {
          readyAtMs = Date.now();
          options.say(`${options.name} is up again`);
          options.onRestarted();
        },
        () => {}, // its exit is seen above
      );
    }
  };

  return {
    name: options.name,
    started,
    pid: () => current.child.pid,
    stop: () => {
      stopping = true;
      return end(current);
    },
  };
}

type Process = { child: ChildProcess; ready: Promise<Ready>; exit: Promise<string> };

function launch({ name, file, cwd, env, log, onLine }: Supervision): Process {
  // Its own process group: Ctrl-C must reach only the launcher, which stops everything in order.
  const child = spawn(process.execPath, ['--enable-source-maps', file], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const last: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      log.write(line);
      last.push(line);
      if (last.length > LINES_KEPT) last.shift();
      onLine(name, line);
    });
  }
  // 'close', not 'exit': its last lines have been read by then.
  const exit = once(child, 'close').then(
    ([code, signal]) => String(signal ?? `code ${code}`),
    (error: Error) => error.message,
  );
  return { child, exit, ready: readiness(name, child, exit, last) };
}

async function readiness(name: string, child: ChildProcess, exit: Promise<string>, last: string[]): Promise<Ready> {
  const timeout = setTimeout(() => child.kill('SIGKILL'), BOOT_TIMEOUT_MS);
  try {
    const message = new Promise<Ready>((resolve) => {
      child.on('message', (said: Partial<Ready>) => {
        if (typeof said.url === 'string') resolve(said as Ready);
      });
    });
    const died = exit.then((how) => {
      throw new Error(`${name} ended with ${how} before it was ready. Its last lines:\n  ${last.join('\n  ')}`);
    });
    return await Promise.race([message, died]);
  } finally {
    clearTimeout(timeout);
  }
}

async function end({ child, exit }: Process): Promise<void> {
  const kill = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  child.kill('SIGTERM');
  await exit;
  clearTimeout(kill);
}
