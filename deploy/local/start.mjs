// `npm start [-- --fresh] [--port N] [--scale SERVICE=N,…] [--verbose]`: the whole system on this machine, from a bare clone.
import { ensure, root } from './ensure.mjs';
import { tryLock } from './lock.mjs';

const beginMs = Date.now();
await ensure();
const { startStack } = await import('../../dist/deploy/local/start-stack.js');
try {
  await startStack({ root, tryLock, beginMs });
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
