import { afterAll, expect, test } from 'vitest';
import { mergeOutcomes, type Outcome, runScenarios, startScenarioSystem } from './run-scenarios.ts';

/**
 * Fifty stories of users, payers, a bank and a network, each decided by its seed, over the real system (F2 F3 F7 F8, R1 R2, M1–M7):
 * afterwards our books are Revio's own truth to the cent, or an open case names the difference. `npm run scenarios -- --seeds 1000` plays
 * more of them, `--seeds 1 --from 17` the seventeenth alone.
 */
const from = Number(process.env['SCENARIO_FROM'] ?? 1);
const count = Number(process.env['SCENARIO_SEEDS'] ?? 50);
/** Of one system: each look of the healing reads all its books, so that many more would spend their time on that. */
const SEEDS_AT_ONCE_MAX = 125;

const outcomes: Outcome[] = [];

const batches = Array.from({ length: Math.ceil(count / SEEDS_AT_ONCE_MAX) }, (_, n) => {
  const first = from + n * SEEDS_AT_ONCE_MAX;
  return Array.from({ length: Math.min(SEEDS_AT_ONCE_MAX, from + count - first) }, (_, m) => first + m);
});

test.each(batches.map((seeds) => ({ first: seeds[0], last: seeds.at(-1), seeds })))(
  'seeds $first to $last: our books are Revio’s truth to the cent, or an open case names the difference',
  async ({ seeds }) => {
    const system = await startScenarioSystem();
    try {
      const outcome = await runScenarios(system, seeds);
      outcomes.push(outcome);
      for (const failed of outcome.failed) process.stdout.write(`${JSON.stringify(failed, exact)}\n`);
      expect(outcome.failed).toEqual([]);
    } finally {
      await system.close();
    }
  },
  600_000,
);

afterAll(() => {
  const { seeds, transactions, truth, cases, failed } = mergeOutcomes(outcomes);
  const lines = [
    `scenarios: ${seeds} of ${count} seeds from ${from} played, ${transactions} transactions, ${failed.length} failed`,
    `  at Revio: ${listed(truth)}`,
    `  open cases: ${listed(cases)}`,
    ...failed.map(({ seed }) => `  replay: npm run scenarios -- --seeds 1 --from ${seed}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
});

const exact = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

const listed = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([word, n]) => `${word} ${n}`)
    .join(', ') || 'none';
