import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Service } from '../../deploy/local/databases.ts';
import { flows, healed, openStage, type Stage } from './flows.ts';
import { startTappedSystem, type TappedSystem } from './tapped-system.ts';
import type { Border, Kind } from './wire-points.ts';

/** `payments commit before 3`: payments dies when its third COMMIT of the flow is about to leave it. */
export type Point = `${Service} ${Kind} ${Border['phase']} ${number}`;
type Place = `${Service} ${Kind} ${Border['phase']}`;

export interface Swept {
  flow: string;
  /** The points at which a process was killed, and the flow came to its end all the same. */
  survived: Point[];
  failed: { point: string; error: string }[];
  /** Whether the flow was seen to end with every point armed that lies beyond those, and none of them met. */
  untouched: boolean;
}

/** The last acknowledgements leave when the books are at rest already. */
const QUIET_MS = 150;
/** A look at all books is five connections and every row. */
const LOOK_MS = 250;
/** A flow whose points do not end has grown a loop that speaks at every turn. */
const POINTS_MAX = 400;

/** One system, played on by one flow at a time; a new one after a flow that did not come to its end. */
export interface Lane {
  /** Takes the points that are wanted, or each n-th of all that there are; only all of them can end untouched. */
  sweep(flow: string, wanted?: readonly Point[], every?: number): Promise<Swept>;
  close(): Promise<void>;
}

/** `note` is told of each try, with the seconds that it took. */
export function openLane(note: (line: string) => void = () => {}): Lane {
  let opened: Promise<{ system: TappedSystem; stage: Stage }> | undefined;
  const open = async () => {
    const system = await startTappedSystem();
    try {
      return { system, stage: await openStage(system) };
    } catch (error) {
      await system.close();
      throw error;
    }
  };
  const close = async () => {
    const last = await opened?.catch(() => undefined);
    opened = undefined;
    await last?.stage.leave();
    await last?.system.close();
  };

  /** Plays it once. Resolves with how often each place was come to, and the point at which something died. */
  async function play(flow: string, armed: ReadonlySet<Point>): Promise<{ seen: Map<Place, number>; hit?: Point }> {
    opened ??= open();
    const { system, stage } = await opened;
    const seen = new Map<Place, number>();
    let hit: Point | undefined;
    let lastMs = performance.now();
    let begun = false;
    system.diesAt = (service, { kind, phase }) => {
      lastMs = performance.now();
      if (!begun) return false;
      const place: Place = `${service} ${kind} ${phase}`;
      const point: Point = `${place} ${(seen.get(place) ?? 0) + 1}`;
      seen.set(place, (seen.get(place) ?? 0) + 1);
      if (hit !== undefined || !armed.has(point)) return false;
      hit = point;
      return true;
    };
    const rest = async () => {
      await healed(async () => expect(await system.violations()).toEqual([]) ?? true, LOOK_MS);
      while (performance.now() - lastMs < QUIET_MS) await sleep(QUIET_MS);
    };
    const before = await balance(stage);
    const change = await flows[flow]?.(stage, async () => {
      await rest();
      begun = true;
    });
    await rest();
    begun = false;
    system.simulator.control.faults.clear();
    expect(await balance(stage)).toBe(before + BigInt((change ?? 0) * 100));
    expect(await stage.rows('reconciler', 'SELECT type, reason FROM dead_letters', [])).toEqual([]);
    return hit === undefined ? { seen } : { seen, hit };
  }

  async function sweep(flow: string, wanted?: readonly Point[], every = 1): Promise<Swept> {
    const swept: Swept = { flow, survived: [], failed: [], untouched: false };
    const counts = new Map<Place, number>();
    const attempt = async (armed: readonly Point[]): Promise<Point | undefined> => {
      const begunMs = performance.now();
      const noteEnd = (what: string) =>
        note(`${flow}: ${what}, ${((performance.now() - begunMs) / 1000).toFixed(1)} s`);
      try {
        const { seen, hit } = await play(flow, new Set(armed));
        noteEnd(hit === undefined ? 'untouched' : `killed at ${hit}`);
        if (hit !== undefined) swept.survived.push(hit);
        else for (const [place, count] of seen) counts.set(place, Math.max(count, counts.get(place) ?? 0));
        return hit;
      } catch (error) {
        noteEnd(`broken at ${armed.length === 1 ? armed[0] : 'no point'}`);
        const lines = (await opened?.catch(() => undefined))?.system.lastLines() ?? [];
        swept.failed.push({
          point: armed.length === 1 ? `${armed[0]}` : 'untouched',
          error: [String(error), ...lines].join('\n'),
        });
        await close();
        return undefined;
      }
    };
    if (wanted === undefined) await attempt([]);
    const points = [...counts].flatMap(([place, count]) =>
      Array.from({ length: count }, (_, n): Point => `${place} ${n + 1}`),
    );
    for (const point of wanted ?? points.filter((_, n) => n % every === 0)) await attempt([point]);
    if (wanted !== undefined || every > 1) return swept;
    // What a run has beyond that, because it went another way, is killed as well, until one has nothing left.
    for (let more = 0; more < POINTS_MAX && swept.failed.length === 0; more++) {
      const hit = await attempt(places.map((place): Point => `${place} ${(counts.get(place) ?? 0) + 1}`));
      swept.untouched = hit === undefined && swept.failed.length === 0;
      if (hit === undefined) break;
      const place = hit.slice(0, hit.lastIndexOf(' ')) as Place;
      counts.set(place, (counts.get(place) ?? 0) + 1);
    }
    return swept;
  }
  return { sweep, close };
}

const places: readonly Place[] = (['gateway', 'wallet', 'payments', 'webhooks', 'reconciler'] as const).flatMap(
  (service) =>
    (['commit', 'publish', 'ack', 'call'] as const).flatMap((kind) =>
      (['before', 'after'] as const).map((phase): Place => `${service} ${kind} ${phase}`),
    ),
);

async function balance({ userId, rows }: Stage): Promise<bigint> {
  const [wallet] = await rows(
    'wallet',
    'SELECT available_minor::text AS available, held_minor::text AS held FROM wallets WHERE user_id = $1',
    [userId],
  );
  expect(wallet?.['held']).toBe('0');
  return BigInt(wallet?.['available'] ?? '0');
}
