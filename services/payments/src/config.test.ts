import { expect, test } from 'vitest';
import { loadConfig } from '#libs/runtime';
import { config } from './config.ts';

const key = Buffer.alloc(32, 1).toString('base64');
const environment = {
  DATABASE_URL: 'postgres://localhost/x',
  AMQP_URL: 'amqp://localhost',
  INTERNAL_KEY: key,
  INTERNAL_KEY_WALLET: key,
  SEALING_KEYS: `a:${key}`,
  CURSOR_KEY: key,
  WALLET_URL: 'http://wallet:8081',
  REVIO_BASE_URL: 'https://gate.reviopay.com/api/v1/',
  REVIO_API_KEY: 'k',
  REVIO_BRAND_ID: 'b',
  PUBLIC_URL: 'https://wallet.example',
};

test('A8: what has a default is enough for production, and nothing secret has one', () => {
  expect(loadConfig(config, environment)).toMatchObject({ REVIO_IS_TEST: false, LEASE_MS: 45_000 });
  for (const secret of [
    'INTERNAL_KEY',
    'INTERNAL_KEY_WALLET',
    'SEALING_KEYS',
    'CURSOR_KEY',
    'REVIO_API_KEY',
  ] as const) {
    expect(() => loadConfig(config, { ...environment, [secret]: '' })).toThrow(secret);
  }
});

test('A8: a live key is not sent in clear; a test key may be', () => {
  const plain = { ...environment, REVIO_BASE_URL: 'http://gate.reviopay.com/api/v1/' };
  expect(() => loadConfig(config, plain)).toThrow('REVIO_BASE_URL: must be https');
  expect(loadConfig(config, { ...plain, REVIO_IS_TEST: 'true' })).toMatchObject({ REVIO_IS_TEST: true });
});
