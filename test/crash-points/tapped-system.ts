import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';
import { type RevioSimulator, startRevioSimulator } from '#libs/revio-simulator';
import { amqpPrefix, type FreshDatabase, freshDatabase } from '#libs/testing';
import { readBooks } from '../../deploy/audit/books.ts';
import { audit, type Violation } from '../../deploy/audit/rules.ts';
import { type Service, serviceNames } from '../../deploy/local/databases.ts';
import { freePort } from '../../deploy/local/free-port.ts';
import { keptSecrets } from '../../deploy/local/secrets.ts';
import { type Ports, serviceEnvironment, urlAt, webhookUrl } from '../../deploy/local/service-environment.ts';
import { type Supervised, supervise } from '../../deploy/local/supervise.ts';
import { openTap, type Tap } from './tap.ts';
import { amqpReader, type Border, httpReader, postgresReader, type Reader } from './wire-points.ts';

/** Five processes, whose every connection to a database, the broker, each other and Revio is seen, and cut with their death. */
export interface TappedSystem {
  gatewayUrl: string;
  simulator: RevioSimulator;
  databases: Record<Service, FreshDatabase>;
  /** Asked at every border of every process: whether it dies there, by SIGKILL. It is started again, by its supervisor. */
  diesAt: (service: Service, border: Border) => boolean;
  violations(): Promise<Violation[]>;
  /** The last lines of each process. */
  lastLines(): string[];
  close(): Promise<void>;
}

/** Windows, leases and waits are seconds, each still longer than what it bounds. */
const settings: Partial<Record<Service, Record<string, string>>> = {
  gateway: { UPSTREAM_TIMEOUT_MS: '8000' },
  wallet: { LEDGER_CHECK_INTERVAL_MS: '3600000' },
  payments: {
    REVIO_TIMEOUT_MS: '900',
    LEASE_MS: '3000',
    DUPLICATE_WAIT_MS: '500',
    RETRY_MIN_MS: '100',
    RETRY_MAX_MS: '1000',
    PROVIDER_PAUSE_MS: '200',
    WORKER_INTERVAL_MS: '200',
    PAYOUT_FRESH_MS: '4000',
    WITHDRAWAL_APPROVAL_ABOVE: 'ZAR:1000.00',
  },
  reconciler: {
    CLOCK_SKEW_MAX_MS: '3000',
    REVIO_EXECUTE_WINDOW_MS: '9000',
    SWEEP_INTERVAL_MS: '200',
    DEPOSIT_READ_AFTER_MS: '1000',
    WITHDRAWAL_READ_AFTER_MS: '1000',
    EARLY_READ_STEPS_MS: '500,1000',
    READ_STEPS_MS: '500,1000',
    READ_TIMEOUT_MS: '2000',
    READ_LEASE_MS: '3000',
    READ_PAUSE_MS: '200',
    REMATCH_INTERVAL_MS: '1000',
    CONSERVATION_INTERVAL_MS: '3600000',
  },
};
const provider = { executeWindowMs: 6_000, payoutSettleMs: 200, webhookTimeoutMs: 5_000 };
/** When nobody takes a webhook, Revio tries again two minutes later (REVIO.md section 5). */
const NEXT_TRY_MS = 121_000;
const LOOK_MS = 500;
const GONE_LOOK_MS = 5;
const LINES_KEPT = 60;
const root = path.resolve(import.meta.dirname, '../..');

export async function startTappedSystem(): Promise<TappedSystem> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'piggybank-crash-points-'));
  const secrets = keptSecrets(folder);
  const databases = await perService((service) => freshDatabase(service));
  const ports: Ports = {
    ...(await perService(async () => ({ port: await freePort(), opsPort: await freePort() }))),
    simulator: { port: await freePort(), opsPort: 0 },
  };
  const lines: string[] = [];
  const note = (line: string) => void (lines.push(line) > LINES_KEPT && lines.shift());
  const mortals = await perService(async (service) =>
    openMortal(service, (border) => system.diesAt(service, border), note),
  );

  const toRevio = await mortals.payments.tapped(urlAt(ports.simulator.port), httpReader);
  const simulator = await startRevioSimulator({
    ...provider,
    port: ports.simulator.port,
    publicUrl: new URL(toRevio).origin,
    apiKey: secrets.revioApiKey,
    brandId: secrets.revioBrandId,
  });
  const system: TappedSystem = {
    gatewayUrl: urlAt(ports.gateway.port),
    simulator,
    databases,
    diesAt: () => false,
    violations: async () => {
      const truth = simulator.truth().map((row) => ({ ...row, amount_minor: BigInt(row.amount_minor) }));
      const urls = Object.fromEntries(serviceNames.map((service) => [service, databases[service].ownerUrl]));
      return audit(await readBooks(urls, truth), { atRest: true });
    },
    lastLines: () => lines,
    close: async () => {
      await retries.end();
      await Promise.all(serviceNames.map((service) => mortals[service].close()));
      await simulator.stop();
      await Promise.all(serviceNames.map((service) => databases[service].close()));
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };

  const wiring = {
    secrets,
    ports,
    databases: await perService(async (service) => ({ serviceUrl: databases[service].url })),
    amqpUrl: inject('amqpUrl'),
    revioPublicKeys: `${simulator.companyPublicKeyPem}\n${simulator.webhookPublicKeyPem}`,
  };
  const shared = {
    PATH: process.env['PATH'],
    AMQP_PREFIX: amqpPrefix(),
    LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'warn',
    DB_POOL_MAX: '6',
    MESSAGE_DELAYS_MS: '500,2000,5000',
  };
  await perService(async (service) => {
    const env = { ...serviceEnvironment(service, wiring, shared), ...settings[service] };
    if (service === 'payments') env['REVIO_BASE_URL'] = new URL('/api/v1/', toRevio).href;
    await mortals[service].start(env);
  });
  simulator.control.webhookUrl({ url: webhookUrl(ports) });
  const retries = hastenRetries(simulator);
  return system;
}

/** One service: a process that can be killed at a border, and is started again by its supervisor. */
async function openMortal(service: Service, diesAt: (border: Border) => boolean, note: (line: string) => void) {
  const taps: Tap[] = [];
  let process_: Supervised | undefined;

  function kill(): void {
    const pid = process_?.pid();
    for (const tap of taps) tap.sever();
    if (pid === undefined) throw new Error(`${service} has no process`);
    process.kill(pid, 'SIGKILL');
    note(`killed ${service}`);
    void mendOnceGone(pid);
  }
  async function mendOnceGone(pid: number): Promise<void> {
    while (isThere(pid)) await sleep(GONE_LOOK_MS);
    for (const tap of taps) tap.mend();
  }
  const tapped = async (target: string, reader: () => Reader): Promise<string> => {
    const tap = await openTap(target, reader, (border) => (diesAt(border) ? kill : undefined));
    taps.push(tap);
    return tap.url.replace(/\/$/, '');
  };
  return {
    tapped,
    start: async (given: NodeJS.ProcessEnv): Promise<void> => {
      const env = { ...given };
      for (const [name, reader] of Object.entries(readers))
        if (given[name] !== undefined) env[name] = await tapped(given[name], reader);
      const file = path.join(root, `dist/services/${service}/src/main.js`);
      const log = { write: (line: string) => note(`${service} ${line}`), close: () => undefined };
      const told = { onLine: () => undefined, say: note, onRestarted: () => undefined };
      process_ = supervise({ name: service, file, cwd: root, env, log, ...told });
      await process_.started;
    },
    close: async (): Promise<void> => {
      await process_?.stop();
      await Promise.all(taps.map((tap) => tap.close()));
    },
  };
}

/** What a service is told of whom it talks to, and in which language. */
const readers: Record<string, () => Reader> = {
  DATABASE_URL: postgresReader,
  AMQP_URL: amqpReader,
  WALLET_URL: httpReader,
  PAYMENTS_URL: httpReader,
  WEBHOOKS_URL: httpReader,
  RECONCILER_URL: httpReader,
};

/** Lets Revio's time pass whenever a webhook waits for its next try. */
function hastenRetries({ control }: RevioSimulator): { end(): Promise<void> } {
  let ending = false;
  const running = (async () => {
    for (; !ending; await sleep(LOOK_MS)) {
      const waits = control.deliveries().some(({ state, tries }) => state === 'waiting' && tries > 0);
      if (waits) await control.advance({ ms: NEXT_TRY_MS });
    }
  })();
  return {
    end: () => {
      ending = true;
      return running;
    },
  };
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const perService = async <T>(make: (service: Service) => Promise<T>): Promise<Record<Service, T>> =>
  Object.fromEntries(
    await Promise.all(serviceNames.map(async (service) => [service, await make(service)] as const)),
  ) as Record<Service, T>;
