import { setTimeout as sleep } from 'node:timers/promises';
import type { FiringAlert } from './prometheus.ts';
import { logsNow, tryRunbook } from './try-runbook.ts';
import type { World } from './world.ts';

/** What makes some alerts fire together, and what ends it. */
export interface Scene {
  /** By alert: how it is made, in a few words. */
  alerts: Readonly<Record<string, string>>;
  /** Where an alert is one per service or queue: which of them must fire, and be quiet before. */
  where?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What must have been done for it to be quiet first. */
  before?(world: World): Promise<unknown>;
  /** Makes it so, and returns what heals it. */
  make(world: World): Promise<() => Promise<unknown>>;
}

export interface Played {
  alert: string;
  by: string;
  firedS: number | undefined;
  clearedS: number | undefined;
  /** What went wrong beside that, and commands of its runbook that found nothing while it fired. */
  complaints: readonly string[];
}

/** The longest windows are of 87 s, and what fires by several steps takes another half a minute; a loaded machine twice of that. */
const QUIET_MS = 120_000;
const FIRES_MS = 150_000;
const CLEARS_MS = 180_000;
const LOOK_EVERY_MS = 500;
/** One look that Prometheus does not answer says nothing on a loaded machine; so many in a row, that it is gone. */
const DEAF_MAX = 20;

/**
 * One scene after another. Each of its alerts must be quiet, then fire, then be quiet again; while the windows of one scene empty, the
 * next one begins.
 */
export async function playAll(
  world: World,
  root: string,
  scenes: readonly Scene[],
  say: (text: string) => void,
): Promise<Played[]> {
  const watched = watch(world);
  const played: Promise<Played[]>[] = [];
  for (const scene of scenes) {
    say(Object.keys(scene.alerts).join(', '));
    const { cleared } = await playOne(world, root, scene, watched);
    played.push(cleared);
  }
  const all = (await Promise.all(played)).flat();
  await watched.stop();
  return all;
}

/** Ends when the scene is healed; `cleared` when all is quiet again. */
async function playOne(
  world: World,
  root: string,
  scene: Scene,
  watched: Watched,
): Promise<{ cleared: Promise<Played[]> }> {
  const names = Object.keys(scene.alerts);
  const each = <Result>(ask: (alert: string) => Promise<Result>) => Promise.all(names.map(ask));
  const wait = (wanted: 'fires' | 'quiet', timeoutMs: number) =>
    each((alert) => watched.until(wanted, alert, scene.where?.[alert], timeoutMs));
  const errors: string[] = [];
  const noted = (what: string) => (cause: Error) => {
    errors.push(`${what}: ${cause.message}`);
    return undefined;
  };

  await scene.before?.(world).catch(noted('could not be prepared'));
  const quiet = await wait('quiet', QUIET_MS);
  const logs = logsNow(world);
  const heal = await scene.make(world).catch(noted('could not be made'));
  const fired = await wait('fires', heal === undefined ? 0 : FIRES_MS);
  const silent = await each((alert) => {
    const labels = watched.labelsOf(alert, scene.where?.[alert]);
    return labels === undefined ? Promise.resolve([]) : tryRunbook(world, root, { alert, labels, logs });
  });
  await heal?.().catch(noted('could not be healed'));
  const cleared = wait('quiet', CLEARS_MS).then((clearedS) =>
    names.map((alert, n) => ({
      alert,
      by: scene.alerts[alert] ?? '',
      firedS: fired[n],
      clearedS: clearedS[n],
      complaints: [...errors, ...(quiet[n] === undefined ? ['was firing before'] : []), ...(silent[n] ?? [])],
    })),
  );
  return { cleared };
}

type Watched = ReturnType<typeof watch>;

/** What fires at this moment, looked at by one loop for all who wait. */
function watch(world: World) {
  let firing: FiringAlert[] = [];
  let deaf = 0;
  let going = true;
  const looking = (async () => {
    for (; going; await sleep(LOOK_EVERY_MS)) {
      try {
        firing = await world.prometheus.firing();
        deaf = 0;
      } catch {
        deaf += 1;
      }
    }
  })();
  const find = (alert: string, where: Readonly<Record<string, string>> = {}): FiringAlert | undefined =>
    firing.find(
      ({ name, labels }) => name === alert && Object.entries(where).every(([label, value]) => labels[label] === value),
    );
  return {
    labelsOf: (alert: string, where?: Readonly<Record<string, string>>) => find(alert, where)?.labels,
    /** The seconds it took; undefined when it did not come to that. */
    until: async (
      wanted: 'fires' | 'quiet',
      alert: string,
      where: Readonly<Record<string, string>> | undefined,
      timeoutMs: number,
    ): Promise<number | undefined> => {
      const sinceMs = Date.now();
      for (; Date.now() - sinceMs <= timeoutMs && deaf < DEAF_MAX; await sleep(LOOK_EVERY_MS))
        if ((find(alert, where) !== undefined) === (wanted === 'fires')) return (Date.now() - sinceMs) / 1_000;
      return undefined;
    },
    stop: async () => {
      going = false;
      await looking;
    },
  };
}

export const went = ({ firedS, clearedS, complaints }: Played): boolean =>
  firedS !== undefined && clearedS !== undefined && complaints.length === 0;
