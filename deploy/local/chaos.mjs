// `npm run chaos -- --seed 7 --minutes 3`, or a series: `--seeds 20 [--seed 1] --minutes 3`: two replicas of everything under load, on servers
// of its own, while processes, connections, answers and servers are taken away (test/chaos/, docs/chaos.md). Fails on any violation.
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { ensure, root } from './ensure.mjs';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '3' },
  },
});
const [seed, seeds, minutes] = [Number(values.seed), Number(values.seeds), Number(values.minutes)];
if (!Number.isInteger(seed) || seed < 1 || !Number.isInteger(seeds) || seeds < 1 || !(minutes > 0 && minutes <= 60)) {
  console.error('--seed and --seeds are whole numbers from 1, --minutes a number up to 60');
  process.exit(1);
}
await ensure();

const vitest = spawn(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/chaos/vitest.config.ts', '--reporter=dot'],
  {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, CHAOS_SEED: values.seed, CHAOS_SEEDS: values.seeds, CHAOS_MINUTES: values.minutes },
  },
);
vitest.on('exit', (code) => process.exit(code ?? 1));
