import { expect, test } from 'vitest';
import { type Plan, runSchedule, stepsDefault } from './run-schedule.ts';

/** Some of the schedules that `npm run simulate` plays by the thousand; a seed that fails here is replayed with `--trace`. */
const seeds = 120;

/** Whatever was found broken, and all that happened. */
async function play(plans: Iterable<Omit<Plan, 'steps' | 'without'>>): Promise<Set<string>> {
  const happened = new Set<string>();
  for (const plan of plans) {
    const { broken, happenings } = await runSchedule({ steps: stepsDefault, without: new Set(), ...plan });
    expect(broken, `npm run simulate -- --seed ${plan.seed} --trace`).toEqual([]);
    for (const what of happenings.keys()) happened.add(what);
  }
  return happened;
}
const from = (first: number, length: number) => Array.from({ length }, (_, n) => ({ seed: first + n }));

test('F2–F8 F10 I1–I9 M9 M11 R4: whatever fails, comes twice, late or never, no promise is broken and all ends in the books of Revio’s truth', async () => {
  const happened = await play(from(1, seeds));
  // What is rarer than these is asked of the long runs, which are void without it.
  expect([...happened]).toEqual(
    expect.arrayContaining([
      ...['crash', 'unknown commit resolved', 'duplicate dropped', 'hold voided', 'cancel lost'],
      ...['withdrawal refused by a limit', 'limit given back by a void', 'withdrawal approved'],
      ...['wallet frozen', 'unfrozen by two people', 'hold refused by a freeze'],
    ]),
  );
}, 240_000);

test.each([
  ['all', 0],
  ['some', 50],
  ['none', 100],
])(
  'M1–M7 R1 R2 F3 F7 F8: any order ends in the books of Revio’s truth; webhooks that come: %s',
  async (_, unsentPercent) => {
    const happened = await play(from(10_000, seeds / 3).map((plan) => ({ ...plan, unsentPercent })));
    expect([...happened]).toEqual(
      expect.arrayContaining(['hold posted', 'hold voided', 'case: reversal_without_payment']),
    );
  },
  240_000,
);

test('the same seed is the same schedule, step by step', async () => {
  const lines = async (): Promise<string[]> => {
    const noted: string[] = [];
    await runSchedule({ seed: 7, steps: stepsDefault, without: new Set() }, (line) => noted.push(line));
    return noted;
  };
  const [once, again] = [await lines(), await lines()];
  expect(once.length).toBeGreaterThan(stepsDefault);
  expect(again).toEqual(once);
}, 60_000);
