import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { serviceNames } from '#libs/contracts';
import { type TcpProxy, tcpProxy } from '#libs/testing';
import { type BookUrls, booksOf } from '../../deploy/audit/running-books.ts';
import { removeWhenGone } from '../../deploy/local/child.ts';
import { type Postgres, startPostgres } from '../../deploy/local/postgres.ts';
import { type Rabbit, rabbitmqRoot, startRabbit } from '../../deploy/local/rabbitmq.ts';
import { launchStack, type Stack } from '../system/launch-stack.ts';

/** The system with two replicas of each service behind the balancer, on servers of its own that it reaches only through proxies. */
export interface ChaosStack extends Stack {
  toPostgres: TcpProxy;
  toRabbit: TcpProxy;
  rabbit(): Rabbit;
  /** Ends the server, with this signal to PostgreSQL's postmaster or RabbitMQ's, and starts it again on its data. */
  restartPostgres(signal: 'SIGKILL' | 'SIGQUIT'): Promise<void>;
  restartRabbit(signal: 'KILL' | undefined): Promise<void>;
  /** Where the books are, past the proxies. */
  books(): BookUrls;
}

/**
 * Waits of seconds instead of minutes, each still longer than what it bounds. A payout is executed up to an age of 15 s, the simulated Revio
 * takes no execution after 20 s (a process that was stopped in between sends it late), and from 26 s on a payout that Revio shows as
 * unexecuted is believed to be.
 */
const settings = {
  RATE_LIMITS_ENFORCED: 'false',
  DB_POOL_MAX: '5',
  REVIO_TIMEOUT_MS: '1500',
  LEASE_MS: '6000',
  WORKER_INTERVAL_MS: '200',
  RETRY_MIN_MS: '100',
  RETRY_MAX_MS: '1000',
  PROVIDER_PAUSE_MS: '300',
  MESSAGE_DELAYS_MS: '500,2000,5000',
  DEPOSIT_GIVE_UP_MS: '30000',
  PAYOUT_FRESH_MS: '15000',
  SIMULATOR__EXECUTE_WINDOW_MS: '20000',
  REVIO_EXECUTE_WINDOW_MS: '26000',
  SIMULATOR__PAYOUT_SETTLE_MS: '300',
  CLOCK_SKEW_MAX_MS: '3000',
  REVERSAL_GRACE_MS: '5000',
  SWEEP_INTERVAL_MS: '500',
  DEPOSIT_READ_AFTER_MS: '4000',
  WITHDRAWAL_READ_AFTER_MS: '4000',
  EARLY_READ_STEPS_MS: '1000,2000,4000',
  READ_STEPS_MS: '2000,4000',
  READ_TIMEOUT_MS: '5000',
  READ_LEASE_MS: '20000',
  READ_PAUSE_MS: '300',
  FAILED_READS_MAX: '50',
  REMATCH_INTERVAL_MS: '1000',
  WALLET__LEDGER_CHECK_INTERVAL_MS: '10000',
};

/**
 * Ended things are read again (R2b), because the webhook that changed them may have been lost: all through a run of so many minutes and
 * the healing after it, in at most a hundred ages.
 */
function agesUntil(minutes: number): string {
  const untilMs = minutes * 60_000 + 600_000;
  const stepMs = Math.max(30_000, Math.ceil(untilMs / 100));
  return Array.from({ length: Math.floor(untilMs / stepMs) }, (_, n) => (n + 1) * stepMs).join(',');
}

export async function launchChaosStack({ minutes }: { minutes: number }): Promise<ChaosStack> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'piggybank-chaos-'));
  removeWhenGone(folder);
  fs.chmodSync(folder, 0o755); // as root, PostgreSQL runs as another user, who must reach its folder
  const dirs = { postgres: path.join(folder, 'postgres'), rabbit: path.join(folder, 'rabbitmq') };
  const root = rabbitmqRoot(path.resolve(import.meta.dirname, '../..'));
  let [postgres, rabbit]: [Postgres, Rabbit] = await Promise.all([
    startPostgres({ dir: dirs.postgres }),
    startRabbit({ dir: dirs.rabbit, root }),
  ]);
  const [toPostgres, toRabbit] = [await tcpProxy(postgres.url), await tcpProxy(rabbit.url)];
  const scale = serviceNames.map((service) => `${service}=2`).join(',');
  const given = { DATABASE_URL: toPostgres.url, AMQP_URL: toRabbit.url };
  const ages = agesUntil(minutes);
  const readAgain = {
    FAILED_DEPOSIT_READ_AGES_MS: ages,
    COMPLETED_DEPOSIT_READ_AGES_MS: ages,
    ENDED_PAYOUT_READ_AGES_MS: ages,
  };
  const stopServers = async (): Promise<void> => {
    await Promise.all([toPostgres.close(), toRabbit.close()]);
    await Promise.all([postgres.stop(), rabbit.stop('KILL')]);
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  const launched = launchStack({ ...settings, ...readAgain, ...given }, ['--scale', scale]);
  launched.catch(stopServers);
  const stack = await launched;
  return {
    ...stack,
    toPostgres,
    toRabbit,
    rabbit: () => rabbit,
    restartPostgres: async (signal) => {
      const postmaster = Number.parseInt(fs.readFileSync(path.join(dirs.postgres, 'data/postmaster.pid'), 'utf8'), 10);
      process.kill(postmaster, signal);
      await postgres.exit;
      postgres = await startPostgres({ dir: dirs.postgres, port: postgres.port });
    },
    restartRabbit: async (signal) => {
      await rabbit.stop(signal);
      rabbit = await startRabbit({ dir: dirs.rabbit, root, ports: rabbit.ports });
    },
    books: () => {
      const { databases, providerTruth } = booksOf(stack.describe());
      const direct = (url: string) => Object.assign(new URL(url), { port: String(postgres.port) }).href;
      return {
        databases: Object.fromEntries(Object.entries(databases).map(([name, url]) => [name, direct(url)])),
        providerTruth,
      };
    },
    close: async () => {
      await stack.close();
      await stopServers();
    },
  };
}
