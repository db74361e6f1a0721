// `npm run compose:up` and `npm run compose:check`.
import { ensure, root } from '../local/ensure.mjs';

await ensure({ rabbitmq: false });
const { checkCompose, composeUp } = await import('../../dist/deploy/docker/compose.js');
const run = { check: checkCompose, up: composeUp }[process.argv[2]];
if (run === undefined) throw new Error('usage: compose.mjs up|check');
process.exitCode = await run(root);
