import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { readOptions } from '../local/options.ts';
import { readStackFile, type StackFile, stackFileIn } from '../local/stack-file.ts';
import { DemoFailure } from './failure.ts';

/** Ready in ten seconds once everything is built; a loaded machine takes several times that. */
const START_TIMEOUT_MS = 180_000;
/** A service that is just restarted answers within a few seconds. */
const ANSWER_TIMEOUT_MS = 15_000;
const LOOK_EVERY_MS = 200;
/** Of a process on this machine. */
const PROBE_TIMEOUT_MS = 2_000;
/** What the launcher said last, to show when it does not come up. */
const OUTPUT_KEPT_CHARS = 4_000;

export type OpenedStack = {
  stack: StackFile;
  /** It was started for the demo. */
  ours: boolean;
  /** A signal is stopping it: what fails from now on fails for that. */
  interrupted: () => boolean;
  /** Stops it if it is ours; a second call waits for the same end. */
  close: () => Promise<void>;
};

/**
 * The system that runs, or one of our own by `npm start` where nothing answers. Throws DemoFailure when it does not come up, or runs
 * in part only.
 */
export async function openStack(root: string, say: (text: string) => void): Promise<OpenedStack> {
  const file = stackFileIn(readOptions([], process.env, root).runFolder);
  let seen = await probe(file);
  for (const deadline = Date.now() + ANSWER_TIMEOUT_MS; seen.state === 'partly up'; seen = await probe(file)) {
    if (Date.now() > deadline) throw new DemoFailure(`A system runs, but ${seen.silent.join(', ')} does not answer.`);
    await sleep(LOOK_EVERY_MS);
  }
  if (seen.state === 'up') return { stack: seen.stack, ours: false, interrupted: () => false, close: async () => {} };
  say('Nothing runs here yet: starting the system …');
  const launcher = startLauncher(root);
  const interrupted = stopWithUs(launcher, say);
  const stack = await untilUp(file, launcher);
  return { stack, ours: stack.pid === launcher.child.pid, interrupted, close: launcher.stop };
}

/** `down` with a stack.json is what a launcher leaves that was killed. */
type Probe =
  | { state: 'absent' | 'down' }
  | { state: 'partly up'; silent: readonly string[] }
  | { state: 'up'; stack: StackFile };

async function probe(file: string): Promise<Probe> {
  const stack = readStackFile(file);
  if (stack === undefined) return { state: 'absent' };
  const urls: [name: string, url: string][] = [
    ...Object.entries(stack.services).map(([name, { ops_url }]): [string, string] => [name, `${ops_url}/readyz`]),
    ['the simulator', `${stack.simulator.url}/_sim/keys`],
  ];
  const answers = await Promise.all(urls.map(([, url]) => isOk(url)));
  const silent = urls.filter((_, n) => answers[n] !== true).map(([name]) => name);
  if (silent.length === 0) return { state: 'up', stack };
  return silent.length === urls.length ? { state: 'down' } : { state: 'partly up', silent };
}

async function isOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) })).ok;
  } catch {
    return false;
  }
}

/** A launcher that ends because another one runs leaves that one to us, if it comes to answer. */
async function untilUp(file: string, launcher: Launcher): Promise<StackFile> {
  let deadline = Date.now() + START_TIMEOUT_MS;
  for (; Date.now() < deadline; await sleep(LOOK_EVERY_MS)) {
    const seen = await probe(file);
    if (seen.state === 'up') return seen.stack;
    if (launcher.child.exitCode === null) continue;
    if (seen.state === 'absent') break;
    deadline = Math.min(deadline, Date.now() + ANSWER_TIMEOUT_MS);
  }
  await launcher.stop();
  throw new DemoFailure(`The system does not come up. npm start says:\n${launcher.output()}`);
}

type Launcher = { child: ChildProcess; output: () => string; stop: () => Promise<void> };

function startLauncher(root: string): Launcher {
  const child = spawn(process.execPath, ['deploy/local/start.mjs'], {
    cwd: root,
    // With npm's mark the launcher watches its parent: it stops even when this process is killed.
    env: { ...process.env, npm_lifecycle_event: 'demo' },
    // A process group of its own: Ctrl-C must reach it once, from us.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-OUTPUT_KEPT_CHARS);
    });
  }
  const exit = once(child, 'close');
  return {
    child,
    output: () => output.trim(),
    stop: async () => {
      child.kill('SIGTERM');
      await exit;
    },
  };
}

function stopWithUs({ stop }: Launcher, say: (text: string) => void): () => boolean {
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stopping) return; // from the terminal and from npm: the same Ctrl-C comes twice
      stopping = true;
      say('\nStopping the system that was started for this …');
      void stop().then(() => process.exit(1));
    });
  }
  return () => stopping;
}
