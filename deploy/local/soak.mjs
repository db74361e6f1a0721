// `npm run soak -- --minutes 10 [--rate 5]`: ordinary use of the whole system, as `npm start` runs it, on servers of its own (test/soak/).
// Fails on a case, a freeze, a difference between ledger and Revio, or a broken promise.
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { ensure, root } from './ensure.mjs';

/** Flows per second. More would measure the machine, and this is not a benchmark. */
const rateMax = 50;

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, rate: { type: 'string', default: '5' } },
});
const [minutes, rate] = [Number(values.minutes), Number(values.rate)];
if (!(minutes > 0 && minutes <= 1_440) || !(rate > 0 && rate <= rateMax)) {
  console.error(`--minutes is a number up to 1440, --rate one up to ${rateMax}`);
  process.exit(1);
}
await ensure();

const vitest = spawn(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--reporter=dot', 'test/soak/soak.int.test.ts'],
  {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, SOAK_MINUTES: values.minutes, SOAK_FLOWS_PER_SECOND: values.rate },
  },
);
vitest.on('exit', (code) => process.exit(code ?? 1));
