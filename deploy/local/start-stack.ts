import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, createReleases } from '#libs/runtime';
import { bringUp } from './bring-up.ts';
import { type Options, readOptions } from './options.ts';
import { readStackFile, stackFileIn } from './stack-file.ts';
import { openStateFolder, type TryLock } from './state-folder.ts';

/** npm itself killed (-9) tells us nothing, but the family changes then. Looking once a second costs nothing. */
const PARENT_CHECK_MS = 1_000;
/** Ctrl-C comes twice, from the terminal and from npm; a person who means "at once" presses it again later. */
const SECOND_SIGNAL_AFTER_MS = 1_000;
/** A whole start takes 10 s once everything is installed and built, a stop at most two times the drain of a service. */
const OTHER_TIMEOUT_MS = 60_000;

type Launch = { root: string; tryLock: TryLock; beginMs: number };

/**
 * `npm start`: brings the system up, says how to use it, and lets it run until a signal. Throws when it may not even begin; ends the
 * process with 1, and everything it had started, when the start fails later.
 */
export async function startStack({ root, tryLock, beginMs }: Launch): Promise<void> {
  const options = readOptions(process.argv.slice(2), process.env, root);
  const stackFile = stackFileIn(options.runFolder);
  const unlock = await takeStateFolder(options, stackFile, tryLock);
  fs.rmSync(stackFile, { force: true });

  const releases = createReleases(createLogger({ name: 'launcher', level: 'warn' }));
  let stopping = false;
  const stop = async (code: number): Promise<void> => {
    if (stopping) return;
    stopping = true;
    fs.rmSync(stackFile, { force: true });
    await releases.releaseAll();
    unlock();
    process.exit(code);
  };
  stopWhenAsked(stop);
  try {
    await bringUp({ root, options, beginMs, stackFile, push: releases.push, stopping: () => stopping });
  } catch (error) {
    if (stopping) return;
    console.error((error as Error).message);
    await stop(1);
  }
}

/** One that is just stopping is waited for, one that is just starting too: then it can be told where it runs. */
async function takeStateFolder(options: Options, stackFile: string, tryLock: TryLock): Promise<() => void> {
  for (const deadline = Date.now() + OTHER_TIMEOUT_MS; Date.now() < deadline; await sleep(100)) {
    const unlock = openStateFolder(options.stateFolder, { tryLock, fresh: options.fresh });
    if (unlock !== undefined) return unlock;
    const url = readStackFile(stackFile)?.gateway_url;
    if (url !== undefined) throw new Error(`The system runs already at ${url} (its data: ${options.stateFolder}).`);
  }
  throw new Error(`Another npm start uses ${options.stateFolder} and neither runs nor stops.`);
}

function stopWhenAsked(stop: (code: number) => Promise<void>): void {
  let askedAt: number | undefined;
  const ask = (): void => {
    if (askedAt !== undefined && Date.now() - askedAt < SECOND_SIGNAL_AFTER_MS) return;
    // The second time, at once: servers and services notice by themselves that we are gone.
    if (askedAt !== undefined) process.exit(1);
    askedAt = Date.now();
    console.error('Stopping …');
    void stop(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask);
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const parents = parentIds();
  setInterval(() => parentIds() !== parents && askedAt === undefined && ask(), PARENT_CHECK_MS).unref();
}

/** Our parent and, where /proc tells, its parent: between npm and us there may be a shell, which outlives npm. */
function parentIds(): string {
  const stat = `/proc/${process.ppid}/stat`;
  const parentOfParent = fs.existsSync(stat) ? fs.readFileSync(stat, 'latin1').split(') ').at(-1)?.split(' ')[1] : '';
  return `${process.ppid} ${parentOfParent}`;
}
