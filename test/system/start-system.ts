import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import { serviceNames } from '#libs/contracts';
import { type RevioSimulator, type RevioSimulatorOptions, startRevioSimulator } from '#libs/revio-simulator';
import { loadConfig } from '#libs/runtime';
import { amqpPrefix, type FreshDatabase, freshDatabase, poll, type TcpProxy, tcpProxy } from '#libs/testing';
import { readBooks } from '../../deploy/audit/books.ts';
import { audit, type Violation } from '../../deploy/audit/rules.ts';
import type { Service } from '../../deploy/local/databases.ts';
import { freePort } from '../../deploy/local/free-port.ts';
import type { Secrets } from '../../deploy/local/secrets.ts';
import { type Ports, serviceEnvironment, urlAt, webhookUrl } from '../../deploy/local/service-environment.ts';
import * as gateway from '../../services/gateway/src/config.ts';
import { start as startGateway } from '../../services/gateway/src/start.ts';
import * as payments from '../../services/payments/src/config.ts';
import { start as startPayments } from '../../services/payments/src/start.ts';
import * as reconciler from '../../services/reconciler/src/config.ts';
import { start as startReconciler } from '../../services/reconciler/src/start.ts';
import * as wallet from '../../services/wallet/src/config.ts';
import { start as startWallet } from '../../services/wallet/src/start.ts';
import * as webhooks from '../../services/webhooks/src/config.ts';
import { start as startWebhooks } from '../../services/webhooks/src/start.ts';
import { type Client, signUp } from './client.ts';

/** All five services in this process, on databases and an AMQP prefix of their own, and a provider over real HTTP. */
export interface System {
  gatewayUrl: string;
  urls: Record<Service, string>;
  simulator: RevioSimulator;
  /** What payments reaches the wallet through: a network that fails when told to. */
  toWallet: TcpProxy;
  /** What a service reaches its database through, of those for which that was asked. */
  toDatabase: Partial<Record<Service, TcpProxy>>;
  databases: Record<Service, FreshDatabase>;
  secrets: Secrets;
  ports: Ports;
  signUp(options?: { accountNumber?: string }): Promise<Client>;
  /** A user with this much in the wallet, by a deposit that was paid. */
  funded(amount: string, options?: { accountNumber?: string }): Promise<Client>;
  /** Waits until nothing is under way, then demands every promise of DESIGN.md section 6. */
  assertPromises(options?: { timeoutMs?: number }): Promise<void>;
  violations(options: { atRest: boolean; casesExplain?: boolean }): Promise<Violation[]>;
  restart(service: Service): Promise<void>;
  stop(service: Service): Promise<void>;
  close(): Promise<void>;
}

type Settings = Partial<Record<Service, Record<string, string>>>;

const starters: Record<Service, (env: NodeJS.ProcessEnv) => Promise<{ url: string; stop(): Promise<void> }>> = {
  gateway: (env) => startGateway(loadConfig(gateway.config, env)),
  wallet: (env) => startWallet(loadConfig(wallet.config, env)),
  payments: (env) => startPayments(loadConfig(payments.config, env)),
  webhooks: (env) => startWebhooks(loadConfig(webhooks.config, env)),
  reconciler: (env) => startReconciler(loadConfig(reconciler.config, env)),
};

/** A whole system settles in a second or two when idle; on a loaded machine, with retries and sweeps, in ten times as much. */
const settleTimeoutMs = 60_000;

export async function startSystem({
  settings = {},
  env = {},
  farDatabases = [],
  provider = {},
  given = {},
}: {
  settings?: Settings;
  /** How the simulated Revio behaves. */
  provider?: RevioSimulatorOptions;
  env?: Record<string, string>;
  /** Whose databases can be cut off. */
  farDatabases?: readonly Service[];
  /** What outlives the system: it is used, and not closed. */
  given?: Partial<Pick<System, 'simulator' | 'databases' | 'secrets' | 'ports'>>;
} = {}): Promise<System> {
  const simulator = given.simulator ?? (await startRevioSimulator(provider));
  const databases = given.databases ?? (await perService((service) => freshDatabase(service)));
  const secrets = given.secrets ?? testSecrets(simulator);
  const ports: Ports = given.ports ?? {
    ...(await perService(async () => ({ port: await freePort(), opsPort: 0 }))),
    simulator: { port: Number(new URL(simulator.url).port), opsPort: 0 },
  };
  const wiring = {
    secrets,
    ports,
    databases: perServiceNow((service) => ({ serviceUrl: databases[service].url })),
    amqpUrl: inject('amqpUrl'),
    revioPublicKeys: `${simulator.companyPublicKeyPem}\n${simulator.webhookPublicKeyPem}`,
  };
  const shared = {
    AMQP_PREFIX: amqpPrefix(),
    LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
    DB_POOL_MAX: '6',
    ...env,
  };
  const toWallet = await tcpProxy(urlAt(ports.wallet.port));
  const between: Settings = { payments: { WALLET_URL: toWallet.url } };
  const toDatabase: System['toDatabase'] = {};
  for (const service of farDatabases) toDatabase[service] = await tcpProxy(databases[service].url);
  const far = (service: Service) =>
    toDatabase[service] === undefined ? {} : { DATABASE_URL: toDatabase[service].url };
  const run = (service: Service) =>
    starters[service]({
      ...{ ...serviceEnvironment(service, wiring, shared), ...between[service], ...far(service) },
      ...settings[service],
    });
  const running = new Map(
    await Promise.all(serviceNames.map(async (service) => [service, await run(service)] as const)),
  );
  simulator.control.webhookUrl({ url: webhookUrl(ports) });

  const gatewayUrl = urlAt(ports.gateway.port);
  const violations: System['violations'] = async (options) =>
    audit(
      await readBooks(
        perServiceNow((service) => databases[service].ownerUrl),
        simulator.truth().map(exactAmount),
      ),
      options,
    );
  const stop = async (service: Service) => {
    await running.get(service)?.stop();
    running.delete(service);
  };
  const system: System = {
    gatewayUrl,
    urls: perServiceNow((service) => urlAt(ports[service].port)),
    simulator,
    toWallet,
    toDatabase,
    databases,
    secrets,
    ports,
    signUp: (options) => signUp(gatewayUrl, options),
    funded: async (amount, options) => {
      const client = await system.signUp(options);
      const { body } = await client.deposit(amount);
      simulator.control.pay({ reference: body.id });
      await poll(async () => (await client.balance()).available === amount);
      return client;
    },
    violations,
    assertPromises: async ({ timeoutMs = settleTimeoutMs } = {}) => {
      await poll(
        async () => {
          const found = await violations({ atRest: true });
          if (found.length > 0) throw new Error(JSON.stringify(found, null, 2));
          return true;
        },
        { timeoutMs },
      );
    },
    stop,
    restart: async (service) => {
      await stop(service);
      running.set(service, await run(service));
    },
    close: async () => {
      await Promise.all([...running.values()].map((service) => service.stop()));
      if (given.simulator === undefined) await simulator.stop();
      await Promise.all([toWallet.close(), ...Object.values(toDatabase).map((each) => each.close())]);
      if (given.databases === undefined) await Promise.all(serviceNames.map((service) => databases[service].close()));
    },
  };
  return system;
}

function testSecrets(simulator: RevioSimulator): Secrets {
  return {
    postgresPassword: '',
    rolePasswords: perServiceNow(() => ''),
    internalKeys: perServiceNow(() => randomBytes(32).toString('base64')),
    sealingKeys: `k1:${randomBytes(32).toString('base64')}`,
    cursorKey: randomBytes(32).toString('base64'),
    jwtPrivateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString(),
    revioApiKey: simulator.apiKey,
    revioBrandId: simulator.brandId,
    demoPassword: randomUUID(),
  };
}

const exactAmount = <Row extends { amount_minor: unknown }>(row: Row) => ({
  ...row,
  amount_minor: BigInt(String(row.amount_minor)),
});

const perServiceNow = <T>(make: (service: Service) => T): Record<Service, T> =>
  Object.fromEntries(serviceNames.map((service) => [service, make(service)])) as Record<Service, T>;

const perService = async <T>(make: (service: Service) => Promise<T>): Promise<Record<Service, T>> =>
  Object.fromEntries(
    await Promise.all(serviceNames.map(async (service) => [service, await make(service)] as const)),
  ) as Record<Service, T>;
