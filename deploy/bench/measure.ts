import fs from 'node:fs';
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from './load.ts';

/** One figure: ours beside what it is held against, both measured anew in each run. */
export interface Figure {
  ours(): Promise<number>;
  baseline(): Promise<number>;
  /** What does not add up afterwards: then the figure is void. */
  broken?(): Promise<string[]>;
  /** What else was asked for and not kept, beside the ratio. */
  missed?(): Promise<string[]>;
  close(): Promise<void>;
}

export interface Measured {
  ours: number;
  baseline: number;
  ratio: number;
  ratioMin: number;
  ratioMax: number;
  /** Processors that others kept busy while nothing of ours ran. */
  othersBusy: number;
  broken: string[];
  missed: string[];
}

/** As long as a look at somebody else's load has to be to mean anything. */
const lookMs = 300;

/**
 * Baseline, ours, baseline, ours …: a machine that is slow for a while is slow for both. The ratio is the median of the pairs', with the smallest
 * and largest beside it. A first pair, which fills caches and connections, is not counted.
 */
export async function measure(figure: Figure, runs: number): Promise<Measured> {
  await figure.baseline();
  await figure.ours();
  const [ours, baseline, ratios, others]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let run = 0; run < runs; run++) {
    others.push(await busyProcessors());
    const against = await figure.baseline();
    const measured = await figure.ours();
    baseline.push(against);
    ours.push(measured);
    ratios.push(measured / against);
  }
  return {
    ours: quantile(ours, 0.5),
    baseline: quantile(baseline, 0.5),
    ratio: quantile(ratios, 0.5),
    ratioMin: Math.min(...ratios),
    ratioMax: Math.max(...ratios),
    othersBusy: quantile(others, 0.5),
    broken: (await figure.broken?.()) ?? [],
    missed: (await figure.missed?.()) ?? [],
  };
}

/** How many processors are busy now; what is measured stands still meanwhile, so that all of it is somebody else's. */
export async function busyProcessors(): Promise<number> {
  const before = readProcessors();
  await sleep(lookMs);
  const after = readProcessors();
  return ((after.busy - before.busy) / Math.max(1, after.all - before.all)) * os.cpus().length;
}

function readProcessors(): { busy: number; all: number } {
  if (!fs.existsSync('/proc/stat')) return { busy: 0, all: 1 };
  const [line = ''] = fs.readFileSync('/proc/stat', 'utf8').split('\n');
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, ...more] = line.split(/\s+/).slice(1, 9).map(Number);
  const busy = user + nice + system + more.reduce((sum, each) => sum + each, 0);
  return { busy, all: busy + idle + wait };
}
