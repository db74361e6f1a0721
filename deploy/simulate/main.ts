import { parseArgs } from 'node:util';
import { requiredHappenings } from './faults.ts';
import { runSchedule, stepsDefault } from './run-schedule.ts';
import { shrink } from './shrink.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1000' },
    from: { type: 'string' },
    to: { type: 'string' },
    steps: { type: 'string', default: String(stepsDefault) },
    without: { type: 'string', default: '' },
    trace: { type: 'boolean', default: false },
  },
});

const from = Number(values.from ?? values.seed);
const to = values.to === undefined ? from + Number(values.runs) - 1 : Number(values.to);
const steps = Number(values.steps);
const without = new Set(values.without.split(',').filter(Boolean).map(Number));

if (values.trace) {
  const { broken } = await runSchedule({ seed: from, steps, without }, (line) => console.log(line));
  console.log(broken.length === 0 ? 'no promise is broken' : broken.join('\n'));
  process.exit(broken.length === 0 ? 0 : 1);
}

const happenings = new Map<string, number>();
const startedAt = performance.now();
const usedAt = process.cpuUsage();
for (let seed = from; seed <= to; seed++) {
  const plan = { seed, steps, without };
  const result = await runSchedule(plan);
  for (const [what, times] of result.happenings) happenings.set(what, (happenings.get(what) ?? 0) + times);
  if (result.broken.length > 0) {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(
      `seed ${seed} breaks a promise, after ${seed - from + 1} schedules and ${seconds} s:\n${result.broken.join('\n')}`,
    );
    const small = await shrink(plan, result);
    const left = small.without.size === 0 ? '' : ` --without ${[...small.without].join(',')}`;
    console.log(`replay it: npm run simulate -- --seed ${seed} --steps ${small.steps}${left} --trace`);
    process.exit(1);
  }
}
const seconds = (performance.now() - startedAt) / 1000;
const runs = to - from + 1;
const { user, system } = process.cpuUsage(usedAt);
const cpuSeconds = (user + system) / 1_000_000;
console.log(
  `${runs} schedules, seeds ${from} to ${to}; no promise is broken
` +
    `${seconds.toFixed(1)} s, ${(runs / seconds).toFixed(0)} per second; ${cpuSeconds.toFixed(1)} s of CPU, ${(runs / cpuSeconds).toFixed(0)} per second of CPU`,
);
console.table(Object.fromEntries([...happenings].sort().map(([what, times]) => [what, { times }])));
const missing = requiredHappenings.filter((what) => !happenings.has(what));
if (missing.length > 0) {
  console.log(`VOID: it never happened that: ${missing.join(', ')}`);
  process.exit(2);
}
