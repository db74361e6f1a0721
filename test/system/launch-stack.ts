import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { poll } from '#libs/testing';
import type { ProviderRow } from '../../deploy/audit/books.ts';
import { audit, type Violation } from '../../deploy/audit/rules.ts';
import { booksOf, readRunningBooks } from '../../deploy/audit/running-books.ts';
import type { Service } from '../../deploy/local/databases.ts';
import { freePort } from '../../deploy/local/free-port.ts';
import { readStackFile, type StackFile, stackFileIn } from '../../deploy/local/stack-file.ts';
import { type Client, call, signUp } from './client.ts';

export type Victim = Service | 'postgres' | 'rabbitmq';

const root = path.resolve(import.meta.dirname, '../..');

/** The whole system as `npm start` runs it, in processes and on servers of its own, so that any of them can be killed. */
export interface Stack {
  /** STATE_DIR of the launcher: another command that is given it finds this stack. */
  folder: string;
  describe(): StackFile;
  /** What the launcher has printed so far. */
  printed(): string;
  /** A call of the simulator's control API: `sim('POST', 'pay', {reference})`. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  sim(method: 'GET' | 'POST', name: string, input?: object): Promise<any>;
  truth(): Promise<ProviderRow[]>;
  signUp(options?: { accountNumber?: string }): Promise<Client>;
  funded(amount: string, options?: { accountNumber?: string }): Promise<Client>;
  /** The process to send signals to. The launcher starts what was killed again. */
  pid(victim: Victim): number;
  violations(options: { atRest: boolean; casesExplain?: boolean }): Promise<Violation[]>;
  /** Waits until nothing is under way, then demands every promise of DESIGN.md section 6. */
  assertPromises(options?: { timeoutMs?: number }): Promise<void>;
  close(): Promise<void>;
}

/** From migrated nothing to all five ready: 6 s on an idle machine, far more on a loaded one. */
const startTimeoutMs = 120_000;
/** What was killed is started again, reconnects, takes back its messages and sweeps. */
const healTimeoutMs = 90_000;

export async function launchStack(env: Record<string, string> = {}, args: readonly string[] = []): Promise<Stack> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'piggybank-stack-'));
  const { DATABASE_URL: _database, AMQP_URL: _amqp, ...inherited } = process.env;
  const launcher = spawn(process.execPath, ['deploy/local/start.mjs', ...args], {
    cwd: root,
    // A gateway's port of ours: two stacks that start beside each other would both find 8080 free.
    env: {
      ...{ ...inherited, STATE_DIR: folder, PORT: String(await freePort()), NODE_ENV: 'development' },
      npm_lifecycle_event: 'test', // the launcher then watches us, and ends when we are killed
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [launcher.stdout, launcher.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  const describe = (): StackFile => {
    const stack = readStackFile(stackFileIn(folder));
    if (stack === undefined) throw new Error(`the stack is not up: ${output.slice(-4_000)}`);
    return stack;
  };
  const hasEnded = (): boolean => launcher.exitCode !== null || launcher.signalCode !== null;
  await poll(() => hasEnded() || describe(), { timeoutMs: startTimeoutMs });
  if (hasEnded()) throw new Error(`the launcher ended: ${output}`);

  const sim: Stack['sim'] = async (method, name, input) => {
    const answer = await call(
      method,
      `${describe().simulator.url}/_sim/${name}`,
      method === 'POST' ? (input ?? {}) : undefined,
    );
    if (answer.status !== 200) throw new Error(`${name}: ${answer.status} ${answer.text}`);
    return answer.body;
  };
  const truth = async (): Promise<ProviderRow[]> =>
    ((await sim('GET', 'truth')) as (Omit<ProviderRow, 'amount_minor'> & { amount_minor: string })[]).map((row) => ({
      ...row,
      amount_minor: BigInt(row.amount_minor),
    }));
  const violations: Stack['violations'] = async (options) =>
    audit(await readRunningBooks(booksOf(describe())), options);
  const pid = (victim: Victim): number => {
    if (victim === 'postgres') return firstNumber(path.join(folder, 'postgres/data/postmaster.pid'));
    if (victim === 'rabbitmq') return firstNumber(path.join(folder, 'rabbitmq/pid'));
    const running = describe().services[victim].pid;
    if (running === undefined) throw new Error(`${victim} has no process now`);
    return running;
  };
  const newClient: Stack['signUp'] = (options) => signUp(describe().gateway_url, options);
  return {
    folder,
    describe,
    printed: () => output,
    sim,
    truth,
    violations,
    signUp: newClient,
    funded: async (amount, options) => {
      const client = await newClient(options);
      const { body } = await client.deposit(amount);
      await sim('POST', 'pay', { reference: body.id });
      await poll(async () => (await client.balance()).available === amount, { timeoutMs: healTimeoutMs });
      return client;
    },
    pid,
    assertPromises: async ({ timeoutMs = healTimeoutMs } = {}) => {
      await poll(
        async () => {
          const found = await violations({ atRest: true });
          if (found.length > 0) throw new Error(JSON.stringify(found.slice(0, 10), null, 2));
          return true;
        },
        { timeoutMs },
      );
    },
    close: async () => {
      const ended = once(launcher, 'exit');
      launcher.kill('SIGTERM');
      await ended;
      fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

const firstNumber = (file: string): number => Number.parseInt(fs.readFileSync(file, 'utf8'), 10);
