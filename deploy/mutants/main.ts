// `npm run mutants [-- --only 3,5] [-- --whole]`: breaks a copy of the checkout in fifteen ways, one by one, and runs the tests that must
// see it, on one PostgreSQL and one RabbitMQ. Exit code 1 when a break survives. --whole runs all tests against each (hours).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { removeWhenGone } from '../local/child.ts';
import { startPostgres } from '../local/postgres.ts';
import { rabbitmqRoot, startRabbit } from '../local/rabbitmq.ts';
import { mutated } from './apply-mutant.ts';
import { type Mutant, mutants } from './mutants.ts';

/** What no test reads, or is linked. */
const leftOut = new Set(['node_modules', 'dist', '.local', '.git', 'coverage']);

/** Of code that does not run, or of a test that ran out of time: neither has seen anything. */
const noAssertion = /^(SyntaxError|ReferenceError|TypeError|Error: (Test timed out|Hook timed out|Cannot find))/;

const root = process.cwd();
const { values } = parseArgs({ options: { only: { type: 'string' }, whole: { type: 'boolean', default: false } } });
const wanted = values.only?.split(',').map(Number) ?? mutants.map((_, n) => n + 1);

type Run = {
  passed: number;
  red: { test: string; file: string; isAssertion: boolean; why: string }[];
  loaded: boolean;
  seconds: number;
};
type Report = {
  numPassedTests: number;
  testResults: {
    name: string;
    status: string;
    assertionResults: { status: string; fullName: string; failureMessages: string[] }[];
  }[];
};

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'piggybank-mutants-'));
removeWhenGone(folder);
fs.chmodSync(folder, 0o755); // as root, PostgreSQL runs as another user, who must reach its folder
const copy = path.join(folder, 'copy');
fs.cpSync(root, copy, { recursive: true, filter: (from) => !leftOut.has(path.relative(root, from)) });
for (const linked of ['node_modules', 'dist', '.local'])
  fs.symlinkSync(path.join(root, linked), path.join(copy, linked));
const [postgres, rabbit] = await Promise.all([
  startPostgres({ dir: path.join(folder, 'postgres'), fsync: false }),
  startRabbit({ dir: path.join(folder, 'rabbitmq'), root: rabbitmqRoot(root) }),
]);

async function runTests(files: readonly string[], named: readonly string[]): Promise<Run> {
  const report = path.join(folder, 'report.json');
  fs.rmSync(report, { force: true });
  const filter = named.length === 0 ? [] : [`--testNamePattern=${named.join('|')}`];
  const begunMs = performance.now();
  const vitest = spawn(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--reporter=json', `--outputFile=${report}`, ...filter, ...files],
    { cwd: copy, stdio: 'ignore', env: { ...process.env, DATABASE_URL: postgres.url, AMQP_URL: rabbit.url } },
  );
  await once(vitest, 'exit');
  const seconds = (performance.now() - begunMs) / 1000;
  if (!fs.existsSync(report)) return { passed: 0, red: [], loaded: false, seconds };
  const { numPassedTests, testResults }: Report = JSON.parse(fs.readFileSync(report, 'utf8'));
  const red = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages }) => ({
        test: fullName.trim(),
        file: path.relative(copy, name),
        isAssertion: !failureMessages.some((message) => noAssertion.test(message)),
        why: failureMessages[0]?.split('\n')[0] ?? '',
      })),
  );
  // A file that does not load fails without a failed test: that is no test that has seen anything.
  const loaded = testResults.every(
    ({ status, assertionResults }) => status === 'passed' || assertionResults.length > 0,
  );
  return { passed: numPassedTests, red, loaded, seconds };
}

const testsOf = (some: readonly Mutant[]): Promise<Run> =>
  values.whole
    ? runTests([], [])
    : runTests(
        [...new Set(some.flatMap(({ tests }) => tests))],
        [...new Set(some.flatMap(({ named }) => named ?? []))],
      );

async function tryMutant(mutant: Mutant): Promise<Run> {
  const files = mutated(root, mutant);
  try {
    for (const [file, text] of files) fs.writeFileSync(path.join(copy, file), text);
    return await testsOf([mutant]);
  } finally {
    for (const file of files.keys()) fs.copyFileSync(path.join(root, file), path.join(copy, file));
  }
}

const chosen = wanted.flatMap((n) => mutants[n - 1] ?? []);
// A file of which all tests are meant must not be thinned by the names of another.
const groups = [chosen.filter(({ named }) => named !== undefined), chosen.filter(({ named }) => named === undefined)];
let passed = 0;
for (const group of groups.filter(({ length }) => length > 0)) {
  const unbroken = await testsOf(group);
  passed += unbroken.passed;
  if (unbroken.loaded && unbroken.red.length === 0 && unbroken.passed > 0) continue;
  console.error(`Without any break the tests must be green:\n${unbroken.red.map(({ test }) => test).join('\n')}`);
  process.exit(1);
}
console.log(`Without any break: ${passed} tests green.\n`);
console.log('| # | break | what it breaks | killed by | tests red | seconds |\n| --- | --- | --- | --- | --- | --- |');
let killed = 0;
for (const mutant of chosen) {
  const { red, loaded, seconds } = await tryMutant(mutant);
  const saw = mutant.tests.flatMap((of) => red.find(({ file, isAssertion }) => isAssertion && file === of) ?? []);
  const isKilled = loaded && saw.length === mutant.tests.length;
  if (isKilled) killed += 1;
  const outcome = loaded
    ? `**survived** (${red.length} red: ${red.map(({ why }) => why).join('; ')})`
    : '**did not run**';
  const by = isKilled ? saw.map(({ test, file }) => `${test} (\`${file}\`)`).join('; ') : outcome;
  console.log(
    `| ${mutants.indexOf(mutant) + 1} | ${mutant.name} | ${mutant.breaks} | ${by} | ${red.length} | ${seconds.toFixed(0)} |`,
  );
}
console.log(`\n${killed} of ${chosen.length} killed`);
await Promise.all([postgres.stop('KILL'), rabbit.stop('KILL')]);
fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
process.exit(killed === chosen.length ? 0 : 1);
