import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Played, playAll, went } from './play.ts';
import { leftToRuleTests, scenes } from './scenes.ts';
import { startWorld } from './world.ts';

// `npm run game-day [-- --only Alert,…]`: every alert made to fire on a running system, its runbook's commands carried out, and seen to
// clear (docs/observability.md).

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const only = values.only?.split(',');
const unknown = (only ?? []).filter((name) => !scenes.some(({ alerts }) => name in alerts));
if (unknown.length > 0) {
  console.error(`No scene makes ${unknown.join(', ')}.`);
  process.exit(1);
}
const chosen = scenes.filter(({ alerts }) => only === undefined || only.some((name) => name in alerts));

const root = path.resolve(import.meta.dirname, '../../..');
const beganMs = Date.now();
const sinceBegin = (): number => (Date.now() - beganMs) / 1_000;
const say = (text: string): void => console.log(`${sinceBegin().toFixed(0).padStart(4)} s  ${text}`);

say('starting a system and a Prometheus of their own');
const world = await startWorld(root);
let stopping: Promise<void> | undefined;
const stop = (): Promise<void> => {
  stopping ??= world.stop();
  return stopping;
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => void stop().then(() => process.exit(1)));

let played: Played[] = [];
try {
  played = await playAll(world, root, chosen, say);
} finally {
  await stop();
}

const seconds = (s: number | undefined): string => s?.toFixed(0) ?? 'never';
console.log('\n| alert | made by | fired after s | cleared after s |\n| --- | --- | --- | --- |');
for (const { alert, by, firedS, clearedS } of played)
  console.log(`| ${alert} | ${by} | ${seconds(firedS)} | ${seconds(clearedS)} |`);
for (const [alert, reason] of Object.entries(leftToRuleTests))
  console.log(`| ${alert} | left to its rule test: ${reason} | | |`);
const bad = played.filter((one) => !went(one));
console.log(
  `\n${played.length - bad.length} of ${played.length} alerts fired and cleared, with runbooks that work, in ${(sinceBegin() / 60).toFixed(1)} min.`,
);
for (const { alert, complaints } of bad) for (const complaint of complaints) console.log(`${alert}: ${complaint}`);
process.exit(bad.length > 0 ? 1 : 0);
