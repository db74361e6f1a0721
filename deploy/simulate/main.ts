import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { requiredHappenings } from './faults.ts';
import { type Plan, type Result, runSchedule, stepsDefault } from './run-schedule.ts';
import { shrink } from './shrink.ts';

/** A worker takes so many schedules at a time, fewer when there are not many. */
const rangeMax = 500;
const printedEvery = 10_000;
/** Nothing of a schedule outlives it: with room for several of them, hardly anything is ever moved to the old generation. */
const youngGenerationMb = 64;

/** What a worker plays, both ends included. */
interface Range {
  from: number;
  to: number;
}
type Manner = Omit<Plan, 'seed'>;

/** What has happened in a range, up to the first schedule that breaks a promise if one does. */
interface Word {
  schedules: number;
  steps: number;
  happenings: ReadonlyMap<string, number>;
  broken: { plan: Plan; result: Result } | null;
}

if (isMainThread) await main();
else work(workerData as Manner);

function work(manner: Manner): void {
  // Faults are errors, and their stacks would be read by nobody; a replay has them.
  Error.stackTraceLimit = 0;
  parentPort?.on('message', async (range: Range) => parentPort?.postMessage(await play(range, manner)));
}

async function play({ from, to }: Range, manner: Manner): Promise<Word> {
  const word: Word = { schedules: 0, steps: 0, happenings: new Map(), broken: null };
  for (let seed = from; seed <= to && word.broken === null; seed++) {
    const plan = { seed, ...manner };
    const result = await runSchedule(plan);
    word.schedules += 1;
    word.steps += result.steps;
    word.happenings = sum(word.happenings, result.happenings);
    if (result.broken.length > 0) word.broken = { plan, result };
  }
  return word;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      runs: { type: 'string', default: '1000' },
      from: { type: 'string' },
      to: { type: 'string' },
      steps: { type: 'string', default: String(stepsDefault) },
      without: { type: 'string', default: '' },
      workers: { type: 'string', default: String(availableParallelism()) },
      trace: { type: 'boolean', default: false },
    },
  });
  const from = Number(values.from ?? values.seed);
  const to = values.to === undefined ? from + Number(values.runs) - 1 : Number(values.to);
  const manner = {
    steps: Number(values.steps),
    without: new Set(values.without.split(',').filter(Boolean).map(Number)),
  };
  if (values.trace) process.exit(await trace({ seed: from, ...manner }));
  const workers = Math.max(1, Math.min(Number(values.workers), to - from + 1));
  process.exit(await playAll({ from, to }, workers, manner));
}

async function trace(plan: Plan): Promise<number> {
  const { broken } = await runSchedule(plan, (line) => console.log(line));
  console.log(broken.length === 0 ? 'no promise is broken' : broken.join('\n'));
  return broken.length === 0 ? 0 : 1;
}

async function playAll({ from, to }: Range, workers: number, manner: Manner): Promise<number> {
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  let happenings: Word['happenings'] = new Map();
  let schedules = 0;
  let steps = 0;
  let next = from;
  const inHand = new Map<Worker, Range>();
  const rangeLength = Math.min(rangeMax, Math.ceil((to - from + 1) / workers / 8));
  const hear = (word: Word): void => {
    const printed = Math.floor(schedules / printedEvery);
    schedules += word.schedules;
    steps += word.steps;
    happenings = sum(happenings, word.happenings);
    // All seeds below it are done.
    const resumeAt = Math.min(next, ...[...inHand.values()].map((range) => range.from));
    if (Math.floor(schedules / printedEvery) > printed)
      console.log(
        `${schedules} schedules, ${(schedules / seconds()).toFixed(0)} per second, ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB; to go on from here: --from ${resumeAt} --to ${to}`,
      );
  };
  const broken = await new Promise<Word['broken']>((resolve, reject) => {
    const give = (worker: Worker): void => {
      if (next > to) return void worker.terminate().then(() => inHand.size === 0 && resolve(null));
      const range = { from: next, to: Math.min(to, next + rangeLength - 1) };
      next = range.to + 1;
      inHand.set(worker, range);
      worker.postMessage(range);
    };
    for (let n = 0; n < workers; n++) {
      const worker = new Worker(new URL(import.meta.url), {
        workerData: manner,
        argv: [],
        resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
      });
      worker.on('message', (word: Word) => {
        inHand.delete(worker);
        hear(word);
        if (word.broken === null) return give(worker);
        for (const each of inHand.keys()) void each.terminate();
        resolve(word.broken);
      });
      worker.on('error', reject);
      give(worker);
    }
  });
  if (broken !== null) {
    await report(broken, schedules, seconds());
    return 1;
  }
  console.log(
    `${schedules} schedules, seeds ${from} to ${to}; no promise is broken
${seconds().toFixed(1)} s with ${workers} workers: ${(schedules / seconds()).toFixed(0)} schedules and ${(steps / seconds()).toFixed(0)} steps per second`,
  );
  console.table(Object.fromEntries([...happenings].sort().map(([what, times]) => [what, { times }])));
  const missing = requiredHappenings.filter((what) => !happenings.has(what));
  if (missing.length > 0) console.log(`VOID: it never happened that: ${missing.join(', ')}`);
  return missing.length > 0 ? 2 : 0;
}

async function report(
  { plan, result }: NonNullable<Word['broken']>,
  schedules: number,
  seconds: number,
): Promise<void> {
  console.log(`seed ${plan.seed} breaks a promise, after ${schedules} schedules and ${seconds.toFixed(1)} s:`);
  console.log(result.broken.join('\n'));
  const small = await shrink(plan, result);
  const left = small.without.size === 0 ? '' : ` --without ${[...small.without].join(',')}`;
  console.log(`replay it: npm run simulate -- --seed ${plan.seed} --steps ${small.steps}${left} --trace`);
}

function sum(one: Word['happenings'], other: Word['happenings']): Map<string, number> {
  const all = new Map(one);
  for (const [what, times] of other) all.set(what, (all.get(what) ?? 0) + times);
  return all;
}
