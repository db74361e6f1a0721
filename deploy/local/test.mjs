// `npm test [-- vitest's arguments]`: everything, on servers of its own, from nothing.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ensure, root } from './ensure.mjs';

// What tests begin with is fetched before any of them waits for it.
await ensure({ haproxy: true });

// A file of this run's own: two runs in one checkout must not count each other's tests.
const report = path.join(root, `.local/tests-${process.pid}.json`);
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
// A process group of its own: Ctrl-C, which npm passes on as well, would reach it twice, and its second one ends it uncleanly.
const vitest = spawn(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...process.argv.slice(2)],
  { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], detached: true },
);
let told = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (!told) vitest.kill(signal);
    told = true;
  });
}

vitest.on('exit', (code) => {
  if (fs.existsSync(report)) {
    const counts = JSON.parse(fs.readFileSync(report, 'utf8'));
    fs.rmSync(report);
    // A file that does not even load fails without a failed test.
    const failed = code === 0 ? counts.numFailedTests : Math.max(1, counts.numFailedTests);
    const skipped = counts.numPendingTests + counts.numTodoTests;
    console.log(`${counts.numPassedTests} passed, ${failed} failed, ${skipped} skipped`);
  }
  process.exit(code ?? 1);
});
