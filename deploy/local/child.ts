import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** A broker with its management plugin stops in 6 s on a busy machine; one that needs ten times as long hangs. */
const STOP_TIMEOUT_MS = 60_000;
/** How long a server of an earlier run, whose supervisor was killed, may take to shut down. Measured: at most 7 s. */
const GONE_TIMEOUT_MS = 20_000;
/** What a server said last: enough to see why it did not start, never a leak over months. */
const OUTPUT_KEPT_CHARS = 16_000;

/**
 * Runs `"$@"` so that it cannot outlive us. File descriptor 3 is a dead man's switch: when we close it, or die in any way (kill -9
 * too), `read` ends and the server gets $sig. A line written to it names another signal. `read`, not `cat`: a killed subshell would
 * leave `cat` behind, holding the pipe. The traps come after the server is started, or it would inherit them; PIPE is among them
 * because the shell says "Terminated" to a reader that is gone, and would die of it with the helper still running. Two kills, because
 * the first that finds no process ends the list. The signal is repeated until the server is gone: RabbitMQ's virtual machine does not hear
 * one while it boots.
 */
const SUPERVISOR = `sig=$1; helper_argc=$2; shift 2; h=
if [ "$helper_argc" -gt 0 ]; then
  helper=$1; shift; "$helper" $HELPER_ARGS 3<&- </dev/null >/dev/null 2>&1 & h=$!
fi
"$@" 3<&- </dev/null & p=$!
{ cmd=; read -r cmd <&3; while kill -"\${cmd:-$sig}" $p; do sleep 1; done; } >/dev/null 2>&1 & c=$!
exec 3<&-; trap '' INT TERM HUP PIPE
wait $p; rc=$?; kill $c 2>/dev/null; kill $h 2>/dev/null; exit $rc`;

export type ServerProcess = {
  exited: () => boolean;
  /** Resolves when it is gone, whoever ended it. */
  exit: Promise<void>;
  /** The last 16 000 characters of both output streams. */
  output: () => string;
  /** Ends the server in its own clean way, or with KILL at once, and resolves when it is gone. */
  stop: (signal?: 'KILL') => Promise<void>;
};

type ServeOptions = {
  env: NodeJS.ProcessEnv;
  cwd: string;
  /** What a clean stop of this server is: INT is PostgreSQL's fast shutdown, TERM RabbitMQ's. */
  signal: 'INT' | 'TERM';
  ids?: { uid: number; gid: number } | undefined;
  /** A second program that lives as long as the server. Its arguments may not contain spaces. */
  helper?: readonly [string, ...string[]];
};

/**
 * Starts a server that cannot outlive this process. Its own process group (`detached`), so that Ctrl-C in the terminal reaches only
 * the launcher: services must drain before the database under them goes.
 */
export function serve(command: readonly [string, ...string[]], options: ServeOptions): ServerProcess {
  const [helper, ...helperArgs] = options.helper ?? [];
  const args = [
    options.signal,
    helper === undefined ? '0' : '1',
    ...(helper === undefined ? [] : [helper]),
    ...command,
  ];
  const child = spawn('/bin/sh', ['-c', SUPERVISOR, 'sh', ...args], {
    env: { ...options.env, HELPER_ARGS: helperArgs.join(' ') },
    cwd: options.cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    ...options.ids,
  });
  let output = '';
  let dead = false;
  const keep = (text: string) => {
    output = (output + text).slice(-OUTPUT_KEPT_CHARS);
  };
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', keep);
  const exit = new Promise<void>((resolve) => {
    child.on('exit', () => resolve());
    child.on('error', (error) => {
      keep(String(error));
      resolve();
    });
  }).then(() => {
    dead = true;
  });
  const deadManSwitch = child.stdio[3] as Writable;
  deadManSwitch.on('error', () => {
    // EPIPE: the server is gone already, which is what the switch is for.
  });
  return {
    exited: () => dead,
    exit,
    output: () => output,
    stop: async (signal) => {
      if (dead) return;
      deadManSwitch.end(signal === undefined ? '' : `${signal}\n`);
      const killGroup = setTimeout(
        () => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'),
        STOP_TIMEOUT_MS,
      );
      await exit;
      clearTimeout(killGroup);
    },
  };
}

/** The servers in the folder end at the same moment as we do, and write until they have: try for as long as a clean stop takes. */
const REMOVER = `read -r _ <&3
for n in $(seq 100); do rm -rf "$1" 2>/dev/null && [ ! -e "$1" ] && exit; sleep 0.1; done`;

/** Removes a temporary folder once this process is gone, however it goes: nobody else would. */
export function removeWhenGone(folder: string): void {
  const remover = spawn('/bin/sh', ['-c', REMOVER, 'sh', folder], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  remover.unref();
  (remover.stdio[3] as Socket).unref();
}

/**
 * Resolves when no server uses `folder` any more. After a kill -9 of the launcher the old servers are still shutting down when the
 * next launcher starts, and two of them on one data folder would ruin it. Throws after 20 s.
 */
export async function gone(pidFile: string, folder: string): Promise<void> {
  const deadline = Date.now() + GONE_TIMEOUT_MS;
  for (;;) {
    const pid = existsSync(pidFile) ? Number.parseInt(readFileSync(pidFile, 'utf8'), 10) : Number.NaN;
    if (Number.isNaN(pid) || !isUsing(pid, folder)) return;
    if (Date.now() > deadline) throw new Error(`process ${pid} still uses ${folder}`);
    await sleep(50);
  }
}

/** After a reboot the number in a pid file may belong to another program: /proc, where there is one, tells. */
function isUsing(pid: number, folder: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const proc = `/proc/${pid}`;
  if (!existsSync('/proc/self')) return true;
  return read(`${proc}/cmdline`).includes(folder) || read(`${proc}/environ`).includes(folder);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
