import { createHmac, generateKeyPairSync } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { afterEach, expect, test, vi } from 'vitest';
import { type Actor, signInternalToken } from './index.ts';
import { verifyInternalToken } from './internal-token.ts';

const key = Buffer.alloc(32, 1);
const other = Buffer.alloc(32, 2);
const user: Actor = {
  kind: 'user',
  userId: '6b1f5c3e-8d35-4b7a-9d0a-2f6f5a0f7c11',
  role: 'user',
  email: 'payer@example.com',
};
const service: Actor = { kind: 'service', service: 'payments' };
const verify = (token: string, keys = [key]) => verifyInternalToken(token, { audience: 'wallet', keys });

const now = Math.floor(Date.now() / 1000);
const right = { iss: 'gateway', aud: 'wallet', iat: now, exp: now + 60, actor: user };
const part = (json: unknown): string => Buffer.from(JSON.stringify(json)).toString('base64url');
function forge(payload: unknown, header: Record<string, unknown> = {}, secret: Buffer | string = key): string {
  const signed = `${part({ alg: 'HS256', typ: 'internal+jwt', ...header })}.${part(payload)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

test.each([user, service])('A4: %j is who was signed for', (actor) => {
  expect(verify(signInternalToken(key, { audience: 'wallet', actor, ttlS: 60 }))).toEqual(actor);
});

afterEach(() => void vi.useRealTimers());

test('A4: a token that was verified before is refused once it has ended, and by another service at once', () => {
  vi.useFakeTimers({ now: now * 1000 });
  const token = signInternalToken(key, { audience: 'wallet', actor: user, ttlS: 60 });
  expect([verify(token), verify(token)]).toEqual([user, user]);
  expect(verifyInternalToken(token, { audience: 'payments', keys: [key] })).toBeUndefined();
  expect(verify(token, [other])).toBeUndefined();
  vi.setSystemTime((now + 64) * 1000);
  expect(verify(token)).toEqual(user);
  vi.setSystemTime((now + 65) * 1000);
  expect(verify(token)).toBeUndefined();
});

test('A4: during a rotation the old key still verifies', () => {
  const token = signInternalToken(key, { audience: 'wallet', actor: user, ttlS: 60 });
  expect(verify(token, [other, key])).toEqual(user);
  expect(verify(token, [other])).toBeUndefined();
});

test('A4: the forger of these attacks would succeed but for the one thing that each gets wrong', () => {
  expect(verify(forge(right))).toEqual(user);
});

test.each<[string, string]>([
  ['the none algorithm', `${part({ alg: 'none', typ: 'internal+jwt' })}.${part(right)}.`],
  ['the none algorithm with a signature', forge(right, { alg: 'none' })],
  ['another HMAC', jwt.sign(right, key, { algorithm: 'HS512', header: { alg: 'HS512', typ: 'internal+jwt' } })],
  ['another service’s audience', forge({ ...right, aud: 'payments' })],
  ['a list of audiences', forge({ ...right, aud: ['wallet', 'payments'] })],
  ['no audience', forge({ ...right, aud: undefined })],
  ['a token that has ended', forge({ ...right, iat: now - 120, exp: now - 60 })],
  ['a token that never ends', forge({ ...right, exp: undefined })],
  ['a token that lives too long', forge({ ...right, exp: now + 301 })],
  ['a token of another type', forge(right, { typ: 'JWT' })],
  ['a token without a type', forge(right, { typ: undefined })],
  ['a user whom a service speaks for', forge({ ...right, iss: 'payments' })],
  ['a service in another’s name', forge({ ...right, iss: 'webhooks', actor: service })],
  ['a role that does not exist', forge({ ...right, actor: { ...user, role: 'root' } })],
  ['an actor with more to it', forge({ ...right, actor: { ...user, admin: true } })],
  ['no actor', forge({ ...right, actor: undefined })],
  ['more claims than ours', forge({ ...right, nbf: now })],
  ['the key of another service', forge(right, {}, other)],
  ['too long a token', forge(right, { pad: 'x'.repeat(3000) })],
  ['an empty token', ''],
  ['three dots', '...'],
])('A4: %s is nobody', (_attack, token) => {
  expect(verify(token)).toBeUndefined();
});

test('A4: a user’s own access token is not an internal one, nor is one signed with a public key as HMAC secret', () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  expect(verify(jwt.sign(right, pair.privateKey, { algorithm: 'ES256' }))).toBeUndefined();
  expect(verify(forge(right, {}, pem))).toBeUndefined();
});

test('A8: a key that is too short and a life that is too long are refused when signing', () => {
  expect(() => signInternalToken(Buffer.alloc(31), { audience: 'wallet', actor: user, ttlS: 60 })).toThrow(RangeError);
  expect(() => signInternalToken(key, { audience: 'wallet', actor: user, ttlS: 301 })).toThrow(RangeError);
});
