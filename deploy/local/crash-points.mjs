// `npm run crash-points [-- --flow "deposit paid" [--point "payments commit after 3"]] [--every 5] [--lanes 2]`: kill -9 of each process
// before and after each commit, publish, acknowledgement and HTTP call of each flow, or each fifth, on servers of its own (test/crash-points/).
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { ensure, root } from './ensure.mjs';

/** Each lane is a system of five processes; more than a few only wait for one another. */
const lanesMax = 8;

const { values } = parseArgs({
  options: {
    flow: { type: 'string', multiple: true, default: [] },
    point: { type: 'string' },
    every: { type: 'string', default: '1' },
    lanes: { type: 'string', default: '2' },
  },
});
const [lanes, every] = [Number(values.lanes), Number(values.every)];
const isCount = (n) => Number.isInteger(n) && n >= 1;
if (!isCount(lanes) || !isCount(every) || lanes > lanesMax || (values.point && values.flow.length !== 1)) {
  console.error(`--lanes is a number up to ${lanesMax}, --every one from 1, and --point goes with one --flow`);
  process.exit(1);
}
await ensure();

const env = {
  ...process.env,
  CRASH_FLOWS: values.flow.join(';'),
  CRASH_LANES: values.lanes,
  CRASH_EVERY: values.every,
};
const vitest = spawn(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--reporter=dot', 'test/crash-points/crash-points.int.test.ts'],
  {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: values.point === undefined ? env : { ...env, CRASH_POINT: values.point },
  },
);
vitest.on('exit', (code) => process.exit(code ?? 1));
