import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { poll } from '#libs/testing';
import type { Violation } from '../../deploy/audit/rules.ts';
import { readRunningBooks } from '../../deploy/audit/running-books.ts';
import { type Client, expectStatus } from '../system/client.ts';
import { type ChaosStack, launchChaosStack } from './chaos-stack.ts';
import { type Answer, checkHistory, type Request } from './history.ts';
import { startLoad } from './load.ts';
import { startNemesis } from './nemesis.ts';
import { booksAtRest, effectsIn, watchBooks } from './oracle.ts';

/** `npm run chaos` (docs/chaos.md): F1–F7 F10 on real processes and servers, judged by Revio's truth, the audit views and the clients' own history. */
const from = Number(process.env['CHAOS_SEED'] ?? 1);
const seeds = Number(process.env['CHAOS_SEEDS'] ?? 1);
const minutes = Number(process.env['CHAOS_MINUTES'] ?? 3);

/** One whose bank refuses later, one whose bank refuses at once, and six whose bank pays. */
const accountNumbers = ['62000000000000', '62000009999', ...Array.from({ length: 6 }, () => '62000000001')];
/** Of what is asked while no fault is made. */
const patience = { timeoutMs: 180_000, intervalMs: 500 };
const kept = path.resolve(import.meta.dirname, '../../.local/chaos');

const summaries: string[] = [];
const say = (line: string): unknown => process.stdout.write(`${line}\n`);

test.each(Array.from({ length: seeds }, (_, n) => from + n))(
  'seed %i: every 2xx happened once and no 4xx did, no snapshot broke a promise, and the healed books are Revio’s truth',
  async (seed) => {
    const stack = await launchChaosStack({ minutes });
    let violations: Violation[] = [{ rule: 'the run comes to its end', subject: `seed ${seed}`, detail: 'it did not' }];
    try {
      violations = await run(stack, seed);
      expect(violations).toHaveLength(0); // each is printed
    } finally {
      if (violations.length > 0) keepLogs(stack, seed);
      await stack.close();
    }
  },
  minutes * 60_000 + 1_500_000,
);

async function run(stack: ChaosStack, seed: number): Promise<Violation[]> {
  const users: Client[] = [];
  for (const accountNumber of accountNumbers) users.push(await newUser(stack, '500.00', accountNumber));
  const before = new Set((await readRunningBooks(stack.books())).operations.map(({ op_id }) => op_id));
  const watch = watchBooks(stack.books());
  const load = startLoad(stack, users, seed);
  const nemesis = startNemesis(stack, { seed, untilMs: Date.now() + minutes * 60_000 });
  const failure = await nemesis.ended.catch((error: Error) => error);

  const healingSinceMs = Date.now();
  await stack.sim('POST', 'faults/clear');
  await load.stop();
  await stack.sim('POST', 'advance', { ms: 121_000 }); // Revio's first retry of what nobody took
  const { books, violations: atRest } = await booksAtRest(stack.books(), load.endWhatIsLeft);
  const healedAfterS = Math.round((Date.now() - healingSinceMs) / 1_000);
  const watched = await watch.stop();
  const afterwards = await stillWorks(stack).then(
    () => [],
    (error: Error) => [
      { rule: 'a healed system takes a deposit and a withdrawal', subject: '', detail: error.message },
    ],
  );
  const violations = [
    ...(failure instanceof Error ? [{ rule: 'every fault can be made', subject: '', detail: failure.message }] : []),
    ...Object.entries(nemesis.happened)
      .filter(([, times]) => times === 0)
      .map(([name]) => ({ rule: 'every fault happens', subject: name, detail: 'it did not: the run is void' })),
    ...watched.violations.values(),
    ...atRest,
    ...checkHistory(load.requests, effectsIn(books, before)),
    ...load.surprises.map((detail) => ({ rule: 'every answer is one that may be given', subject: '', detail })),
    ...afterwards,
  ];

  const ends = counted(books.operations.map(({ kind, status }) => `${kind} ${status}`));
  const cases = counted(books.explaining_cases.map(({ cause }) => cause));
  const times = Object.values(nemesis.happened).reduce((sum, each) => sum + each, 0);
  say(`\nchaos: seed ${seed}, ${minutes} minutes`);
  for (const [name, count] of Object.entries(nemesis.happened)) say(`  ${String(count).padStart(5)}  ${name}`);
  say(`  requests: ${listed(counted(load.requests.map(outcomeOf)))}; reads ${load.reads()}`);
  say(`  answers that said nothing: ${listed(counted(load.requests.flatMap(unknowns)))}`);
  say(`  operations: ${listed(ends)}`);
  say(`  snapshots: ${watched.looks}, and ${watched.blind} while PostgreSQL was away; open cases: ${listed(cases)}`);
  say(`  violations: ${violations.length}`);
  for (const { rule, subject, detail } of violations.slice(0, 20)) say(`    ${rule}: ${subject} ${detail}`);
  summaries.push(
    `  seed ${seed}: ${times} faults, ${load.requests.length} requests, ${books.operations.length} operations, ` +
      `${watched.looks} snapshots, healed after ${healedAfterS} s, ${books.explaining_cases.length} cases, ${violations.length} violations`,
  );
  if (violations.length > 0)
    keep(seed, 'history.json', JSON.stringify({ violations, requests: load.requests }, null, 1));
  return violations;
}

afterAll(() => {
  say(`\nchaos: ${summaries.length} of ${seeds} seeds from ${from}, ${minutes} minutes each`);
  for (const line of summaries) say(line);
});

/** A freeze, a consumer that is gone or a worker that waits for ever would stand in the way. */
async function stillWorks(stack: ChaosStack): Promise<void> {
  const user = await newUser(stack, '20.00', '62000000001');
  const key = randomUUID();
  const { body } = await poll(async () => expectStatus(await user.withdraw('10.00', { key }), 202), patience);
  await poll(async () => (await user.transaction(body.id)).body.status === 'completed', patience);
}

/** A machine with too much to do refuses some before it takes one: then it is another one who comes. */
const newUser = (stack: ChaosStack, amount: string, accountNumber: string): Promise<Client> =>
  poll(() => stack.funded(amount, { accountNumber }), patience);

const outcomeOf = ({ what, answers }: Request): string => {
  const decided = answers.find(({ result }) => result !== 'info');
  return `${what} ${decided?.result === 'fail' ? decided.code : (decided?.result ?? 'never answered')}`;
};

const unknowns = ({ answers }: Request): string[] =>
  answers.flatMap((answer: Answer) => (answer.result === 'info' ? answer.why : []));

function keep(seed: number, name: string, text: string): void {
  fs.mkdirSync(path.join(kept, String(seed)), { recursive: true });
  fs.writeFileSync(path.join(kept, String(seed), name), text);
}

/** What the processes said, and what the launcher did: the stack's own folder goes with the stack. */
function keepLogs(stack: ChaosStack, seed: number): void {
  keep(seed, 'launcher.log', stack.printed());
  fs.cpSync(path.join(stack.folder, 'logs'), path.join(kept, String(seed), 'logs'), { recursive: true });
  say(`  logs: ${path.join(kept, String(seed))}`);
}

function counted(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words.toSorted()) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

const listed = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([word, count]) => `${word} ${count}`)
    .join(', ') || 'none';
