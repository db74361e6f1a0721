import { afterAll, expect, test } from 'vitest';
import { flows } from './flows.ts';
import { openLane, type Point, type Swept } from './sweep.ts';

/**
 * F4: each process is killed (-9) before and after its n-th COMMIT, publish, acknowledgement and HTTP call of a flow, n = 1, 2, … until
 * the flow comes to its end untouched; each time the flow ends, and the books are Revio's own truth. Here a few points of two flows;
 * `npm run crash-points` takes all of all, `-- --flow "deposit paid"` one flow, `-- --flow … --point "payments commit after 3"` one point.
 */
const { CRASH_FLOWS: named, CRASH_POINT: point, CRASH_LANES: lanes = '1', CRASH_EVERY: every = '1' } = process.env;
const sampled: Record<string, readonly Point[]> = {
  'deposit paid': ['webhooks commit after 1', 'reconciler publish after 1'],
  'withdrawal paid out': ['payments call after 1', 'wallet ack before 1'],
};

const chosen = named === undefined ? Object.keys(sampled) : named === '' ? Object.keys(flows) : named.split(';');
const swept: Swept[] = [];
/** All that there are, unless said. */
const wanted = (flow: string): readonly Point[] | undefined =>
  point === undefined ? (named === undefined ? sampled[flow] : undefined) : [point as Point];

test(
  `F4: ${chosen.join(', ')}: killed at each point, every flow comes to its end`,
  async () => {
    const left = [...chosen];
    await Promise.all(
      Array.from({ length: Number(lanes) }, async () => {
        const lane = openLane((line) => named !== undefined && process.stderr.write(`${line}\n`));
        for (let flow = left.shift(); flow !== undefined; flow = left.shift()) {
          const one = await lane.sweep(flow, wanted(flow), Number(every));
          swept.push(one);
          if (named !== undefined) tell(one);
        }
        await lane.close();
      }),
    );
    expect(swept.flatMap(({ flow, failed }) => failed.map((each) => ({ flow, ...each })))).toEqual([]);
    for (const { flow, survived, untouched } of swept) {
      const points = wanted(flow);
      if (points !== undefined) expect(survived).toEqual(points);
      else if (every === '1') expect({ flow, untouched }).toEqual({ flow, untouched: true });
    }
  },
  named === undefined ? 180_000 : 24 * 3_600_000,
);

const kinds = ['commit', 'publish', 'ack', 'call'] as const;
const numbers = ({ survived }: Swept) =>
  kinds.map((kind) => survived.filter((each) => each.split(' ')[1] === kind).length);
const row = (cells: readonly (string | number)[]) => process.stdout.write(`| ${cells.join(' | ')} |\n`);

function tell(one: Swept): void {
  row([one.flow, ...numbers(one), one.survived.length, one.failed.length, one.untouched ? 'yes' : 'no']);
  for (const { point: at, error } of one.failed) process.stdout.write(`${one.flow}, ${at}: ${error}\n`);
}

afterAll(() => {
  if (named === undefined) return;
  row(['flow', ...kinds, 'killed', 'broken', 'then untouched']);
  row(['---', ...kinds.map(() => '---'), '---', '---', '---']);
  for (const one of swept) tell(one);
  row([
    'all',
    ...kinds.map((_, n) => swept.reduce((sum, one) => sum + (numbers(one)[n] ?? 0), 0)),
    swept.reduce((sum, one) => sum + one.survived.length, 0),
    swept.reduce((sum, one) => sum + one.failed.length, 0),
    '',
  ]);
});
