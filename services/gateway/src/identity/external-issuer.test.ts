import { createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { beforeEach, expect, test } from 'vitest';
import { externalIssuer } from './external-issuer.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
const jwk = (key: KeyObject, kid: string) => ({ ...createPublicKey(key).export({ format: 'jwk' }), kid, use: 'sig' });

let published: unknown[];
let fetches: number;
let down: boolean;
let nowMs: number;

beforeEach(() => {
  published = [
    jwk(rsa, 'rsa-1'),
    jwk(ec, 'ec-1'),
    jwk(small, 'small'),
    { kty: 'oct', kid: 'oct', k: 'c2VjcmV0' },
    'junk',
    { ...jwk(stranger, 'enc'), use: 'enc' },
  ];
  fetches = 0;
  down = false;
  nowMs = 0;
});

const issuer = () =>
  externalIssuer({
    issuer: 'https://issuer.example/',
    audience: 'piggybank-api',
    clock: { now: () => new Date(), monotonicMs: () => nowMs },
    fetchKeys: async () => {
      fetches += 1;
      if (down) throw new Error('down');
      return JSON.parse(JSON.stringify({ keys: published }));
    },
  });

function token(change: object = {}, { key = rsa as KeyObject | string, header = {} as object } = {}): string {
  const full = { alg: 'RS256', typ: 'at+jwt', kid: 'rsa-1', ...header } as jwt.JwtHeader & { alg: jwt.Algorithm };
  const nowS = Math.floor(Date.now() / 1000);
  const claims = {
    iss: 'https://issuer.example/',
    aud: 'piggybank-api',
    sub: 'auth0|123',
    email: 'Someone@example.test',
    iat: nowS,
    exp: nowS + 900,
    ...change,
  };
  const defined = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
  return jwt.sign(defined, key, { algorithm: full.alg, header: full, allowInsecureKeySizes: true });
}

test('A2: a token of the external issuer is a user’s, and never more, whatever role it claims', async () => {
  const access = await issuer().verify(token({ role: 'admin' }));
  expect(access).toMatchObject({
    user: {
      kind: 'user',
      role: 'user',
      email: 'someone@example.test',
      userId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-8/),
    },
    sessionId: null,
  });
  expect((await issuer().verify(token()))?.user.userId).toBe(access?.user.userId);
  expect((await issuer().verify(token({ sub: 'auth0|124' })))?.user.userId).not.toBe(access?.user.userId);
  expect(
    await issuer().verify(token({}, { key: ec, header: { alg: 'ES256', kid: 'ec-1', typ: 'JWT' } })),
  ).toBeDefined();
});

const publicPem = createPublicKey(rsa).export({ type: 'spki', format: 'pem' }).toString();

test.each([
  ['another issuer', token({ iss: 'https://other.example/' })],
  ['another audience', token({ aud: 'other' })],
  ['no subject', token({ sub: undefined })],
  ['no e-mail address', token({ email: undefined })],
  ['an e-mail address that nobody verified', token({ email_verified: false })],
  ['an end that is over', token({ exp: Math.floor(Date.now() / 1000) - 60 })],
  ['no end', token({ exp: undefined })],
  ['a life of a year', token({ exp: Math.floor(Date.now() / 1000) + 31_536_000 })],
  ['a beginning that is to come', token({ nbf: Math.floor(Date.now() / 1000) + 60 })],
  ['another type', token({}, { header: { typ: 'logout+jwt' } })],
  ['an extension', token({}, { header: { crit: ['exp'] } })],
  ['a stranger’s signature', token({}, { key: stranger })],
  ['a key that is not for signatures', token({}, { key: stranger, header: { kid: 'enc' } })],
  ['a key that is too small', token({}, { key: small, header: { kid: 'small' } })],
  [
    'an HMAC keyed with the published key',
    token({}, { key: publicPem.replace('PUBLIC', 'SECRET'), header: { alg: 'HS256' } }),
  ],
  ['an HMAC key of the set', token({}, { key: 'secret', header: { alg: 'HS256', kid: 'oct' } })],
  ['no signature', token({}, { key: '', header: { alg: 'none' } })],
  ['another algorithm than its key’s', token({}, { header: { alg: 'PS256' } })],
  ['no key id', token({}, { header: { kid: undefined } })],
  ['text', 'a.b.c'],
])('A2: a token of the external issuer with %s is nobody’s', async (_case, text) => {
  expect(await issuer().verify(text)).toBeUndefined();
});

test('A2: the keys are fetched once for all who wait, and a stranger who makes up key ids fetches nothing', async () => {
  const tokens = issuer();
  await Promise.all(Array.from({ length: 50 }, () => tokens.verify(token())));
  expect(fetches).toBe(1);
  for (let i = 0; i < 50; i++) await tokens.verify(token({}, { header: { kid: randomUUID() } }));
  expect(fetches).toBe(1);
});

test('F9 A2: a new key is found by its first token, a withdrawn one is forgotten, and an issuer who is down changes nothing for a while', async () => {
  const tokens = issuer();
  expect(await tokens.verify(token())).toBeDefined();
  const next = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  published = [jwk(next, 'rsa-2')];
  nowMs += 31_000;
  expect(await tokens.verify(token({}, { key: next, header: { kid: 'rsa-2' } }))).toBeDefined();
  expect(await tokens.verify(token())).toBeUndefined();
  down = true;
  nowMs += 9 * 60_000;
  expect(await tokens.verify(token({}, { key: next, header: { kid: 'rsa-2' } }))).toBeDefined();
  nowMs += 2 * 60_000;
  expect(await tokens.verify(token({}, { key: next, header: { kid: 'rsa-2' } }))).toBeUndefined();
  down = false;
  nowMs += 31_000;
  expect(await tokens.verify(token({}, { key: next, header: { kid: 'rsa-2' } }))).toBeDefined();
});
