import { type Address, BALANCED_DRAIN_DELAY_MS } from './balancer.ts';
import { type Service, type ServiceDatabase, serviceNames } from './databases.ts';
import type { Secrets } from './secrets.ts';

/** Where each is reached; behind a balancer its processes listen elsewhere. */
export type Ports = Record<Service | 'simulator', Address>;

/** What the processes of one stack have to know of one another. */
export type Wiring = {
  secrets: Secrets;
  ports: Ports;
  databases: Record<Service, Pick<ServiceDatabase, 'serviceUrl'>>;
  amqpUrl: string;
  /** PEMs, one after the other: Revio signs with the company's key and with that of the registered webhook. */
  revioPublicKeys: string;
};

export const urlAt = (port: number): string => `http://127.0.0.1:${port}`;
export const webhookUrl = (ports: Ports): string => `${urlAt(ports.webhooks.port)}/webhooks/revio`;

/**
 * The environment of one service. What the launcher's own environment says is handed on (intervals, limits), then comes the wiring,
 * and last what was given for this service alone: WALLET__LOG_LEVEL=debug is LOG_LEVEL=debug for the wallet. `behindBalancer` is where one
 * replica of several listens.
 */
export function serviceEnvironment(
  service: Service,
  wiring: Wiring,
  env: NodeJS.ProcessEnv,
  behindBalancer?: Address,
): NodeJS.ProcessEnv {
  const { secrets, ports } = wiring;
  return {
    ...(behindBalancer && { DRAIN_DELAY_MS: String(BALANCED_DRAIN_DELAY_MS), TRUSTED_PROXIES: '1' }),
    // The demo token is printed once and pasted for the rest of the day.
    ACCESS_TOKEN_TTL_S: '86400',
    // Who tries things out registers more than three users in an hour.
    RATE_LIMITS_ENFORCED: 'false',
    ...shared(env),
    NODE_ENV: 'development',
    DATABASE_URL: wiring.databases[service].serviceUrl,
    AMQP_URL: wiring.amqpUrl,
    INTERNAL_KEY: secrets.internalKeys[service],
    ...ownVariables(service, wiring),
    ...overrides(service, env),
    // Last: ports that were asked for were heard when ports were chosen (choosePorts).
    PORT: String((behindBalancer ?? ports[service]).port),
    OPS_PORT: String((behindBalancer ?? ports[service]).opsPort),
  };
}

/** Only what a service has a use for: who does not call a service does not get the key to it. */
function ownVariables(service: Service, { secrets, ports, revioPublicKeys }: Wiring): NodeJS.ProcessEnv {
  const reach = (callee: Service) => ({
    [`${callee.toUpperCase()}_URL`]: urlAt(ports[callee].port),
    [`INTERNAL_KEY_${callee.toUpperCase()}`]: secrets.internalKeys[callee],
  });
  const revio = { REVIO_BRAND_ID: secrets.revioBrandId, REVIO_IS_TEST: 'true' };
  switch (service) {
    case 'gateway':
      return {
        JWT_PRIVATE_KEY: secrets.jwtPrivateKey,
        ...Object.assign({}, ...serviceNames.filter((name) => name !== 'gateway').map(reach)),
      };
    case 'wallet':
      return {};
    case 'payments':
      return {
        ...reach('wallet'),
        ...revio,
        REVIO_BASE_URL: `${urlAt(ports.simulator.port)}/api/v1/`,
        REVIO_API_KEY: secrets.revioApiKey,
        SEALING_KEYS: secrets.sealingKeys,
        CURSOR_KEY: secrets.cursorKey,
        PUBLIC_URL: urlAt(ports.gateway.port),
      };
    case 'webhooks':
      return { SEALING_KEYS: secrets.sealingKeys, REVIO_WEBHOOK_PUBLIC_KEYS: revioPublicKeys };
    case 'reconciler':
      // The simulator refuses an execution after the window; of Revio itself that is not confirmed (REVIO.md §4).
      return {
        ...reach('wallet'),
        ...reach('payments'),
        ...reach('webhooks'),
        ...revio,
        REVIO_EXECUTE_WINDOW_ENFORCED: 'true',
      };
  }
}

export function simulatorEnvironment(
  stateFile: string,
  wiring: Pick<Wiring, 'secrets' | 'ports'>,
  env: NodeJS.ProcessEnv,
) {
  const { secrets, ports } = wiring;
  return {
    ...shared(env),
    PORT: String(ports.simulator.port),
    REVIO_API_KEY: secrets.revioApiKey,
    REVIO_BRAND_ID: secrets.revioBrandId,
    WEBHOOK_URL: webhookUrl(ports),
    STATE_FILE: stateFile,
    ...overrides('simulator', env),
  };
}

function overrides(name: Service | 'simulator', env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const prefix = `${name.toUpperCase()}__`;
  const own = Object.entries(env).filter(([variable]) => variable.startsWith(prefix));
  return Object.fromEntries(own.map(([variable, value]) => [variable.slice(prefix.length), value]));
}

/** Without what was given for one service alone: it may be a secret. */
function shared(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([variable]) => !/^[A-Z]+__/.test(variable)));
}
