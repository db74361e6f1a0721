import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type FigureDefinition, figuresOf, isKept } from './figures.ts';
import { type Measured, measure } from './measure.ts';
import { startPrivateServers } from './private-servers.ts';
import { wholeFlows } from './whole-flows.ts';

/**
 * `npm run bench`, or `npm run bench -- B1 B3 --runs 9 --entries 1000000 --markdown table.md`: every figure as a ratio to a baseline of the same run, with what
 * else the machine was doing. A figure whose books do not add up afterwards is VOID. Exits with 1 when one is, or is below its floor.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '5' },
    entries: { type: 'string', default: '10000000' },
    markdown: { type: 'string' },
  },
});
const runs = Number(values.runs);
if (!(Number.isInteger(runs) && runs >= 1 && runs <= 50)) throw new Error('--runs is a number from 1 to 50');
const entries = Number(values.entries);
if (!(Number.isInteger(entries) && entries >= 20_000 && entries <= 100_000_000))
  throw new Error('--entries is a number from 20000 to 100000000');
const figures = figuresOf(entries);
const ids = new Set([...figures.map(({ id }) => id.split(' ')[0]), 'B9', 'B10']);
const unknown = positionals.filter((id) => !ids.has(id));
if (unknown.length > 0) throw new Error(`no such figure: ${unknown.join(', ')}. There are ${[...ids].join(', ')}.`);
const wanted = (id: string): boolean => positionals.length === 0 || positionals.includes(id.split(' ')[0] ?? id);

const root = path.resolve(import.meta.dirname, '../../..');
/** Paid, and the wallet shows it: what a user waits for without wondering. */
const balanceMsMax = 250;
const tell = (text: string): void => console.error(`  ${text}`);
const rows: string[] = [];
let failed = false;

const servers = await startPrivateServers(root);
try {
  for (const figure of figures.filter(({ id }) => wanted(id))) {
    console.error(`${figure.id}: ${figure.what}`);
    tellRow(figure, await run(figure));
  }
  if (wanted('B9') || wanted('B10')) await tellWholeFlows();
} finally {
  await servers.stop();
}
const table = [
  '| figure | ours | baseline | ratio (smallest–largest) | at least | aim | busy with others | |',
  '| --- | --- | --- | --- | --- | --- | --- | --- |',
  ...rows,
].join('\n');
console.log(`\n${table}`);
if (values.markdown !== undefined) fs.writeFileSync(values.markdown, `${table}\n`);
process.exitCode = failed ? 1 : 0;

async function run(definition: FigureDefinition): Promise<Measured> {
  const figure = await definition.make(servers, root, tell);
  try {
    return await measure(figure, runs);
  } finally {
    await figure.close();
  }
}

function tellRow(figure: FigureDefinition, measured: Measured): void {
  const { ours, baseline, ratio, ratioMin, ratioMax, othersBusy, broken, missed } = measured;
  const kept = isKept(figure, ratio) && missed.length === 0;
  failed ||= !kept || broken.length > 0;
  for (const each of [...broken, ...missed]) tell(each);
  const shown = (value: number): string => (figure.unit === 'ms' ? `${value.toFixed(2)} ms` : `${Math.round(value)}/s`);
  const bound = figure.unit === 'ms' ? '≤ ' : '';
  const verdict = broken.length > 0 ? '**VOID**' : kept ? 'kept' : `**missed**${missed.map((each) => `: ${each}`)}`;
  const row = [
    `${figure.id} ${figure.what}`,
    shown(ours),
    shown(baseline),
    `**${ratio.toFixed(2)}** (${ratioMin.toFixed(2)}–${ratioMax.toFixed(2)})`,
    bound + figure.floor,
    bound + figure.aim,
    `${othersBusy.toFixed(1)} of 2`,
    verdict,
  ];
  rows.push(`| ${row.join(' | ')} |`);
  tell(row.slice(1).join('  '));
}

/** B9 has no baseline: what one machine does with everything on it, and what each flow costs. B10 is held to its limit. */
async function tellWholeFlows(): Promise<void> {
  console.error('B9, B10: whole flows, everything on this machine');
  const system = await wholeFlows(servers, root);
  try {
    const reports = [await system.flows('deposits'), await system.flows('withdrawals')];
    for (const { flow, perSecond, answered, completed, costs } of reports) {
      const cpu = Object.entries(costs.cpuMs).map(([name, ms]) => `${name} ${ms.toFixed(1)}`);
      tell(`${flow}: processor ms per flow: ${cpu.join(', ')}`);
      tell(
        `${flow}: statements per flow: ${JSON.stringify(costs.statements)}, WAL bytes: ${Math.round(costs.walBytes)}`,
      );
      rows.push(
        `| B9 whole ${flow}, gateway to completed | ${perSecond.toFixed(0)}/s | – | answered ${shownTimes(answered)}, completed ${shownTimes(completed)} | – | – | – | reported |`,
      );
    }
    const deposits = reports[0]?.perSecond ?? 1;
    const visible = await system.balanceVisible(deposits / 2);
    const broken = await system.brokenPromises();
    for (const each of broken) tell(each);
    const kept = visible.p99 < balanceMsMax;
    failed ||= !kept || broken.length > 0;
    const verdict = broken.length > 0 ? '**VOID**' : kept ? 'kept' : '**missed**';
    rows.push(
      `| B10 paid → balance visible, at half of that | ${shownTimes(visible)} | – | – | p99 < ${balanceMsMax} ms | p99 < 100 ms | – | ${verdict} |`,
    );
    if (broken.length > 0)
      for (const n of [-3, -2]) rows[rows.length + n] = `${rows.at(n)?.replace(/reported \|$/, '**VOID** |')}`;
  } finally {
    await system.close();
  }
}

function shownTimes({ p50, p95, p99 }: { p50: number; p95: number; p99: number }): string {
  return `${[p50, p95, p99].map((ms) => ms.toFixed(0)).join(' / ')} ms`;
}
