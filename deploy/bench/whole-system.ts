import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../local/free-port.ts';
import { readStackFile, type StackFile, stackFileIn } from '../local/stack-file.ts';
import type { PrivateServers } from './private-servers.ts';

/** Ten seconds when all is built; a loaded machine takes several times that. */
const startMsMax = 180_000;
const lookEveryMs = 200;
const unlimited = '1000000';

/** As `npm start` has it, but for what would measure something else. */
const settings = {
  // Counted, as in production, and never used up.
  RATE_LIMITS_ENFORCED: 'true',
  RATE_LIMIT_GENERAL: unlimited,
  RATE_LIMIT_LOGIN: unlimited,
  RATE_LIMIT_REGISTER: unlimited,
  RATE_LIMIT_WITHDRAWALS: unlimited,
  // The simulated bank pays at once: what Revio takes is not ours to make faster.
  SIMULATOR__PAYOUT_SETTLE_MS: '0',
};

export interface WholeSystem {
  stack: StackFile;
  /** By the names of the table; PostgreSQL's and RabbitMQ's are those of the servers. */
  pids: Record<string, number>;
  stop(): Promise<void>;
}

/** All five services and the simulator, each a process, started by the launcher of `npm start` on the servers given. */
export async function startWholeSystem(servers: PrivateServers, root: string): Promise<WholeSystem> {
  const { folder, postgresUrl, amqpUrl } = servers;
  const launcher = spawn(process.execPath, ['deploy/local/start.mjs'], {
    cwd: root,
    env: {
      ...process.env,
      ...settings,
      STATE_DIR: folder,
      PORT: String(await freePort()),
      DATABASE_URL: postgresUrl,
      AMQP_URL: amqpUrl,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [launcher.stdout, launcher.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output = (output + text).slice(-4_000)));
  const stop = async (): Promise<void> => {
    if (launcher.exitCode !== null) return;
    const ended = once(launcher, 'exit');
    launcher.kill('SIGTERM');
    await ended;
  };
  for (const deadline = Date.now() + startMsMax; ; await sleep(lookEveryMs)) {
    const stack = readStackFile(stackFileIn(folder));
    if (stack !== undefined) return { stack, pids: pidsOf(stack, folder, launcher.pid ?? 0), stop };
    if (launcher.exitCode === null && Date.now() < deadline) continue;
    await stop();
    throw new Error(`the system does not come up:\n${output}`);
  }
}

function pidsOf(stack: StackFile, folder: string, launcher: number): Record<string, number> {
  const firstNumber = (file: string) => Number.parseInt(fs.readFileSync(path.join(folder, file), 'utf8'), 10);
  const services = Object.entries(stack.services).map(([name, { pid }]) => [name, pid ?? 0] as const);
  return {
    ...Object.fromEntries(services),
    PostgreSQL: firstNumber('postgres/data/postmaster.pid'),
    RabbitMQ: firstNumber('rabbitmq/pid'),
    'Revio simulator': stack.simulator.pid ?? 0,
    launcher,
    'load generator': process.pid,
  };
}
