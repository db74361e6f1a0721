// `npm run demo`: four payments on a running system, or on one that it starts and stops, and the audit of the books afterwards.
import { ensure, root } from './ensure.mjs';

await ensure();
const { runDemo } = await import('../../dist/deploy/demo/run-demo.js');
process.exit(await runDemo(root));
