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
  const taps = new Map<Service, Tap[]>(serviceNames.map((service) => [service, []]));
  const processes = new Map<Service, Supervised>();
  const lines: string[] = [];
  const note = (line: string) => void (lines.push(line) > LINES_KEPT && lines.shift());
  let closing = false;

  function kill(service: Service): void {
    const pid = processes.get(service)?.pid();
    for (const tap of taps.get(service) ?? []) tap.sever();
    if (pid === undefined) throw new Error(`${service} has no process`);
    process.kill(pid, 'SIGKILL');
    note(`killed ${service}`);
    void mendOnceGone(service, pid);
  }
  async function mendOnceGone(service: Service, pid: number): Promise<void> {
    while (isThere(pid)) await sleep(5);
    for (const tap of taps.get(service) ?? []) tap.mend();
  }
  const tapOf = async (service: Service, target: string, reader: () => Reader): Promise<string> => {
    const tap = await openTap(target, reader, (border) =>
      system.diesAt(service, border) ? () => kill(service) : undefined,
    );
    taps.get(service)?.push(tap);
    return tap.url;
  };

  const toRevio = await tapOf('payments', urlAt(ports.simulator.port), httpReader);
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
      closing = true;
      await Promise.all([...processes.values()].map((each) => each.stop()));
      await Promise.all([simulator.stop(), ...[...taps.values()].flat().map((tap) => tap.close())]);
      await Promise.all(serviceNames.map((service) => databases[service].close()));
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };

  const wiring = {
    secrets,
    ports,
    databases: Object.fromEntries(serviceNames.map((name) => [name, { serviceUrl: databases[name].url }])) as Record<
      Service,
      { serviceUrl: string }
    >,
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
  for (const service of serviceNames) {
    const env: NodeJS.ProcessEnv = { ...serviceEnvironment(service, wiring, shared), ...settings[service] };
    for (const [name, value] of Object.entries(env)) {
      if (name === 'DATABASE_URL') env[name] = await tapOf(service, String(value), postgresReader);
      else if (name === 'AMQP_URL') env[name] = await tapOf(service, String(value), amqpReader);
      else if (name === 'REVIO_BASE_URL') env[name] = new URL('/api/v1/', toRevio).href;
      else if (/^(WALLET|PAYMENTS|WEBHOOKS|RECONCILER)_URL$/.test(name))
        env[name] = (await tapOf(service, String(value), httpReader)).replace(/\/$/, '');
    }
    const file = path.join(root, `dist/services/${service}/src/main.js`);
    const log = { write: (line: string) => note(`${service} ${line}`), close: () => undefined };
    const told = { onLine: () => undefined, say: note, onRestarted: () => undefined };
    processes.set(service, supervise({ name: service, file, cwd: root, env, log, ...told }));
  }
  await Promise.all([...processes.values()].map(({ started }) => started));
  simulator.control.webhookUrl({ url: webhookUrl(ports) });
  void (async () => {
    for (; !closing; await sleep(LOOK_MS)) {
      const waits = simulator.control.deliveries().some(({ state, tries }) => state === 'waiting' && tries > 0);
      if (waits) await simulator.control.advance({ ms: NEXT_TRY_MS });
    }
  })();
  return system;
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
