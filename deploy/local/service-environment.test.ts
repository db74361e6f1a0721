import { expect, test } from 'vitest';
import { serviceNames } from './databases.ts';
import { serviceEnvironment, type Wiring } from './service-environment.ts';

const perService = <Value>(make: (name: string) => Value) =>
  Object.fromEntries(serviceNames.map((name) => [name, make(name)])) as Record<(typeof serviceNames)[number], Value>;

const wiring: Wiring = {
  secrets: {
    postgresPassword: 'postgres-password',
    rolePasswords: perService((name) => `${name}-password`),
    internalKeys: perService((name) => `${name}-key`),
    sealingKeys: 'k1:sealing',
    cursorKey: 'cursor',
    jwtPrivateKey: 'jwt',
    revioApiKey: 'revio',
    revioBrandId: 'brand',
    demoPassword: 'demo',
  },
  ports: { ...perService(() => ({ port: 1, opsPort: 2 })), simulator: { port: 3, opsPort: 4 } },
  databases: perService((name) => ({ serviceUrl: `postgres://${name}_service@127.0.0.1/${name}` })),
  amqpUrl: 'amqp://127.0.0.1',
  revioPublicKeys: 'pem',
};
const secretsIn = (environment: NodeJS.ProcessEnv) =>
  Object.values(environment).filter((value) => value?.endsWith('-key'));

test('A4: a service holds its own internal key and those of the services that it calls, no others', () => {
  const held = Object.fromEntries(
    serviceNames.map((name) => [name, secretsIn(serviceEnvironment(name, wiring, {})).toSorted()]),
  );
  expect(held).toEqual({
    gateway: ['gateway-key', 'payments-key', 'reconciler-key', 'wallet-key', 'webhooks-key'],
    wallet: ['wallet-key'],
    payments: ['payments-key', 'wallet-key'],
    webhooks: ['webhooks-key'],
    reconciler: ['payments-key', 'reconciler-key', 'wallet-key', 'webhooks-key'],
  });
});

test('only payments holds the key to Revio, and only the gateway signs access tokens', () => {
  const holders = (value: string) =>
    serviceNames.filter((name) => Object.values(serviceEnvironment(name, wiring, {})).includes(value));
  expect(holders('revio')).toEqual(['payments']);
  expect(holders('jwt')).toEqual(['gateway']);
});

test('a variable with a service and two underscores before it is for that service alone, and wins', () => {
  const env = { LOG_LEVEL: 'info', WALLET__LOG_LEVEL: 'debug', WALLET__DATABASE_URL: 'postgres://elsewhere' };
  expect(serviceEnvironment('wallet', wiring, env)).toMatchObject({
    LOG_LEVEL: 'debug',
    DATABASE_URL: 'postgres://elsewhere',
  });
  expect(serviceEnvironment('payments', wiring, env)).toMatchObject({
    LOG_LEVEL: 'info',
    DATABASE_URL: wiring.databases.payments.serviceUrl,
  });
  expect(serviceEnvironment('payments', wiring, env)).not.toHaveProperty('WALLET__DATABASE_URL');
});

test('O2: one replica of several listens where the balancer looks, drains longer than its probes take, and believes it about addresses', () => {
  const at = { port: 21, opsPort: 22 };
  expect(serviceEnvironment('gateway', wiring, { GATEWAY__PORT: '8080' }, at)).toMatchObject({
    PORT: '21',
    OPS_PORT: '22',
    DRAIN_DELAY_MS: '1500',
    TRUSTED_PROXIES: '1',
  });
  expect(serviceEnvironment('gateway', wiring, { DRAIN_DELAY_MS: '5000' }, at)).toMatchObject({
    DRAIN_DELAY_MS: '5000',
  });
  expect(serviceEnvironment('gateway', wiring, {})).toMatchObject({ PORT: '1', OPS_PORT: '2' });
});
