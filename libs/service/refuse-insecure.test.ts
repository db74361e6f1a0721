import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { baseConfig, loadConfig, secretKey } from '#libs/runtime';
import { refuseInsecure } from './refuse-insecure.ts';

const sound = {
  DATABASE_URL: 'postgres://wallet_service:0f3a9c51@db.example.com/wallet',
  AMQP_URL: 'amqps://wallet:77ab21f0@mq.example.com',
  INTERNAL_KEY: randomBytes(32).toString('base64'),
  CURSOR_KEY: randomBytes(32).toString('base64'),
};
const schema = z.object({ ...baseConfig, INTERNAL_KEY: secretKey(), CURSOR_KEY: secretKey() });
const refuse =
  (given: Record<string, string>, more: object = {}) =>
  () =>
    refuseInsecure({ ...loadConfig(schema, { ...sound, ...given }), ...more });

test('O5 A8: production starts with secrets of its own, and so does who does not say what it is', () => {
  expect(refuse({ NODE_ENV: 'production' })).not.toThrow();
  expect(refuse({})).not.toThrow();
  expect(refuse({ DATABASE_URL: 'postgres://wallet_service@db.example.com/wallet' })).not.toThrow();
});

const typed = Buffer.from('0123456701234567012345670123456701234567').toString('base64');

test.each<[string, Record<string, string>]>([
  ['DATABASE_URL', { DATABASE_URL: 'postgres://wallet_service:postgres@db.example.com/wallet' }],
  ['DATABASE_URL', { DATABASE_URL: 'postgres://wallet_service:Wallet_service@db.example.com/wallet' }],
  ['DATABASE_URL', { DATABASE_URL: 'postgres://wallet_service:CHANGE@db.example.com/wallet' }],
  ['AMQP_URL', { AMQP_URL: 'amqp://guest:guest@mq.example.com' }],
  ['INTERNAL_KEY', { INTERNAL_KEY: Buffer.alloc(32, 7).toString('base64') }],
  ['CURSOR_KEY', { CURSOR_KEY: typed }],
  ['CURSOR_KEY', { CURSOR_KEY: sound.INTERNAL_KEY }],
])('O5 A8: production refuses a known %s, without repeating it; development takes it', (name, given) => {
  expect(refuse(given)).toThrow(new RegExp(`^The environment is not right:\n {2}${name}: must [^\n]* in production$`));
  for (const value of Object.values(given)) expect(refuse(given)).not.toThrow(value);
  expect(refuse({ ...given, NODE_ENV: 'development' })).not.toThrow();
});

test.each<[string, unknown, unknown]>([
  ['RATE_LIMITS_ENFORCED', false, true],
  ['ACCESS_TOKEN_TTL_S', 86_400, 900],
  ['PUBLIC_URL', 'http://api.example.com', 'https://api.example.com'],
  ['JWT_EXTERNAL_JWKS_URL', 'http://issuer.example.com/jwks', undefined],
  ['CORS_ORIGINS', ['https://app.example.com', 'http://app.example.com'], ['https://app.example.com']],
  ['MAIL_URL', 'smtp://mail.example.com:587', 'smtp://mail.example.com:587?requireTLS=true'],
])('O5 A8: production refuses an insecure %s', (name, insecure, secure) => {
  expect(refuse({}, { [name]: insecure })).toThrow(`${name}: must`);
  expect(refuse({}, { [name]: secure })).not.toThrow();
  expect(refuse({ NODE_ENV: 'test' }, { [name]: insecure })).not.toThrow();
});
