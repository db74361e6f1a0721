import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poll } from '#libs/testing';
import { payAtCheckout } from '../deploy/demo/pay-at-checkout.ts';
import { call, expectStatus } from './system/client.ts';
import { launchStack, type Stack } from './system/launch-stack.ts';

/** O1: what a newcomer does in the first five minutes works as printed. */
const root = path.resolve(import.meta.dirname, '..');
/** `npm run demo` with a start and a stop of its own: 30 s when idle. */
const commandTimeoutMs = 180_000;

let stack: Stack;
beforeAll(async () => {
  stack = await launchStack();
}, 180_000);
afterAll(() => stack.close(), 60_000);

type Ended = { code: number; output: string };

/** As a person would, but of the checkout's own environment: the servers of this run are not the newcomer's. */
function run(command: string, args: string[], env: Record<string, string> = {}): Promise<Ended> {
  const { DATABASE_URL: _database, AMQP_URL: _amqp, ...inherited } = process.env;
  return new Promise((resolve) => {
    const options = { cwd: root, env: { ...inherited, ...env }, timeout: commandTimeoutMs };
    execFile(command, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), output: stdout + stderr });
    });
  });
}
const npmRun = (name: string, args: string[] = [], env: Record<string, string> = {}): Promise<Ended> =>
  run('npm', ['run', '--silent', name, '--', ...args], { STATE_DIR: stack.folder, ...env });

const demoUser = async (route: string) =>
  expectStatus(
    await call('GET', `${stack.describe().gateway_url}/api/v1${route}`, undefined, {
      authorization: `Bearer ${stack.describe().demo.access_token}`,
    }),
    200,
  ).body;

test('O1: the three curl lines that npm start prints work when pasted', async () => {
  const lines = await poll(() => {
    const found = stack.printed().match(/^curl .*$/gm) ?? [];
    return found.length === 3 ? found : undefined;
  });
  const answers = [];
  for (const line of lines) {
    const { code, output } = await run('sh', ['-c', line]);
    expect(code).toBe(0);
    answers.push(JSON.parse(output));
  }
  const [deposit, balance, withdrawal] = answers;
  expect(deposit).toMatchObject({ type: 'deposit', status: 'pending', amount: '150.00', currency: 'ZAR' });
  expect(balance).toMatchObject({ currency: 'ZAR', available: '500.00', held: '0.00' });
  expect(withdrawal).toMatchObject({ type: 'withdrawal', status: 'pending', amount: '60.00' });

  await payAtCheckout(deposit.checkout_url);
  for (const { id } of [deposit, withdrawal]) {
    await poll(async () => (await demoUser(`/transactions/${id}`)).status === 'completed', { timeoutMs: 60_000 });
  }
  expect(await demoUser('/wallets/ZAR')).toMatchObject({ available: '590.00', held: '0.00' });
});

test('O1: npm run demo tells its story on the stack that runs, and leaves it running', async () => {
  const { code, output } = await npmRun('demo');
  expect(output).toMatch(/message {3}webhooks → reconciler, payments +revio-event-received +purchase\.paid/);
  expect(output).toMatch(/posting {3}settle +held -60\.00 +revio:clearing \+60\.00/);
  expect(output).toMatch(/posting {3}release +held -20\.00 +available \+20\.00/);
  expect(output).toMatch(/422 insufficient_funds/);
  expect(output).toMatch(/90\.00 +is left at Revio: 150\.00 paid in, 60\.00 paid out/);
  expect(output).not.toContain('✗');
  expect(output).not.toContain('\u001b');
  for (const line of output.split('\n')) expect([...line].length).toBeLessThanOrEqual(120);
  expect(code).toBe(0);
  expect((await demoUser('/wallets/ZAR')).currency).toBe('ZAR');
}, 200_000);

test('R5: npm run audit is content with honest books, and names the rule, the posting and exit code 1 when an entry was changed', async () => {
  await stack.assertPromises();
  const honest = await npmRun('audit', ['--at-rest']);
  expect(honest.output).toMatch(/✓ I1 [\s\S]*✓ I9 per withdrawal/);
  expect(honest).toMatchObject({ code: 0, output: expect.not.stringContaining('✗') });

  const books = new pg.Client({ connectionString: stack.describe().services.wallet.admin_database_url });
  await books.connect();
  const add = (amount: number) =>
    books.query(
      `UPDATE entries SET amount_minor = amount_minor + ${amount} WHERE wallet_version = 1 RETURNING posting_id`,
    );
  try {
    const { rows } = await add(1);
    const tampered = await npmRun('audit');
    expect(tampered.code).toBe(1);
    expect(tampered.output).toMatch(new RegExp(`✗ I1 .*\\n +${rows[0].posting_id} ZAR: 2 here, 0 expected`));
    expect(tampered.output).toMatch(/✗ I2/);
  } finally {
    await add(-1);
    await books.end();
  }
}, 200_000);

test('R5: npm run audit with a database left out is refused, not content', async () => {
  const { code, output } = await npmRun('audit', [], { AUDIT_PROVIDER_URL: 'http://127.0.0.1:9/' });
  expect(code).toBe(1);
  expect(output).toMatch(/AUDIT_WALLET_URL: is not set/);
}, 60_000);

test('O1: npm run demo starts a stack when none runs, and stops it at the end', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'piggybank-demo-'));
  try {
    const { code, output } = await npmRun('demo', [], { STATE_DIR: folder });
    expect(output).toMatch(/starting the system[\s\S]*Everything is as it should be\.[\s\S]*Stopping the system/);
    expect(code).toBe(0);
    expect(fs.existsSync(path.join(folder, 'stack.json'))).toBe(false);
    expect(fs.existsSync(path.join(folder, 'lock'))).toBe(false);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}, 200_000);
