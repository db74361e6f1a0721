// `npm run rolling -- --minutes 10`: two replicas of everything behind HAProxy, as `npm start -- --scale` runs them, under load, and one
// process after another replaced (test/rolling/). Fails on an answer of 500 and more, a lost transaction or a broken promise.
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { ensure, root } from './ensure.mjs';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(values.minutes);
if (!(minutes >= 0 && minutes <= 1_440)) {
  console.error('--minutes is a number up to 1440');
  process.exit(1);
}
await ensure();

const vitest = spawn(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--reporter=dot', 'test/rolling/rolling.int.test.ts'],
  { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ROLLING_MINUTES: values.minutes } },
);
vitest.on('exit', (code) => process.exit(code ?? 1));
