// `npm run drill:restore` and `npm run drill:broker`: rehearses what docs/recovery.md says, on servers of its own (test/recovery/), and
// ends with the audit of the books.
import { spawn } from 'node:child_process';
import { ensure, root } from './ensure.mjs';

const [what = ''] = process.argv.slice(2);
if (!['restore', 'broker'].includes(what)) {
  console.error('usage: drill.mjs restore|broker');
  process.exit(1);
}
await ensure();

const vitest = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', `test/recovery/${what}.int.test.ts`], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
});
vitest.on('exit', (code) => process.exit(code ?? 1));
