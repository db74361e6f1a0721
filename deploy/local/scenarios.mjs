// `npm run scenarios -- --seeds 1000 [--from 1]`: seeded stories over the real system, on servers of its own (test/scenarios/).
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { ensure, root } from './ensure.mjs';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '1000' }, from: { type: 'string', default: '1' } },
});
const seeds = Number(values.seeds);
const from = Number(values.from);
if (!Number.isInteger(seeds) || seeds < 1 || !Number.isInteger(from) || from < 1) {
  console.error('--seeds and --from are whole numbers from 1');
  process.exit(1);
}
await ensure();

const vitest = spawn(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--reporter=dot', 'test/scenarios/scenarios.int.test.ts'],
  {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, SCENARIO_SEEDS: values.seeds, SCENARIO_FROM: values.from },
  },
);
vitest.on('exit', (code) => process.exit(code ?? 1));
