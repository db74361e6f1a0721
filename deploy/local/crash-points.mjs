// `npm run crash-points [-- --flow "deposit paid" [--point "payments commit after 3"]] [--lanes 2]`: kill -9 of each process before and
// after each commit, publish, acknowledgement and HTTP call of each flow, on servers of its own (test/crash-points/).
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { ensure, root } from './ensure.mjs';

/** Each lane is a system of five processes; more than a few only wait for one another. */
const lanesMax = 8;

const { values } = parseArgs({
  options: {
    flow: { type: 'string', multiple: true, default: [] },
    point: { type: 'string' },
    lanes: { type: 'string', default: '2' },
  },
});
const lanes = Number(values.lanes);
if (!Number.isInteger(lanes) || lanes < 1 || lanes > lanesMax || (values.point && values.flow.length !== 1)) {
  console.error(`--lanes is a number up to ${lanesMax}, and --point goes with one --flow`);
  process.exit(1);
}
await ensure();

const env = { ...process.env, CRASH_FLOWS: values.flow.join(';'), CRASH_LANES: values.lanes };
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
