import { createHash, createHmac, createPublicKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import jwt from 'jsonwebtoken';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signInternalToken } from '#libs/auth';
import { type GatewayStack, startGateway } from './stack.ts';

/** Issue 4 §3.2, A2: what is not exactly a token of ours, or of the issuer that we were told to trust, is 401, over real HTTP. */
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const publicKey = createPublicKey(key);
const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const issuerKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const { kty, crv, x, y } = publicKey.export({ format: 'jwk' });
const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');

let gateway: GatewayStack;
let keyServer: http.Server;
let asked: string[];
let refreshToken: string;
let accessToken: string;

beforeAll(async () => {
  asked = [];
  keyServer = http.createServer((request, response) => {
    asked.push(String(request.url));
    const jwk = { ...createPublicKey(issuerKey).export({ format: 'jwk' }), kid: 'theirs', use: 'sig', alg: 'RS256' };
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => {
    keyServer.listen(0, '127.0.0.1', resolve);
  });
  gateway = await startGateway({
    JWT_PRIVATE_KEY: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    JWT_EXTERNAL_ISSUER: 'https://issuer.example/',
    JWT_EXTERNAL_JWKS_URL: `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/keys.json`,
  });
  const body = { email: 'someone@example.test', password: 'Abcdefg1' };
  await gateway.call('POST', '/api/v1/auth/register', { body });
  const { json } = await gateway.call('POST', '/api/v1/auth/login', { body });
  [accessToken, refreshToken] = [String(json['access_token']), String(json['refresh_token'])];
});
afterAll(async () => {
  await gateway?.close();
  await new Promise((resolve) => keyServer?.close(resolve));
});

const nowS = Math.floor(Date.now() / 1000);
const encode = (json: object): string => Buffer.from(JSON.stringify(json)).toString('base64url');
const header = { alg: 'ES256', typ: 'at+jwt', kid };
const claims = () => ({
  iss: 'piggybank',
  aud: 'piggybank-api',
  sub: randomUUID(),
  jti: randomUUID(),
  iat: nowS,
  nbf: nowS,
  exp: nowS + 900,
  sid: randomUUID(),
  role: 'admin',
  email: 'someone@example.test',
});

/** Signed by our own key, unless another is given, so that each is refused for its own reason. */
function forged(changedHeader: object, changedClaims: object = {}, by = key): string {
  const signed = `${encode({ ...header, ...changedHeader })}.${encode({ ...claims(), ...changedClaims })}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), { key: by, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}
function hmac(secret: string | Buffer, changedHeader: object = {}): string {
  const signed = `${encode({ ...header, alg: 'HS256', ...changedHeader })}.${encode(claims())}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
const fromIssuer = (change: object, by = issuerKey, theirHeader: object = {}): string =>
  jwt.sign(
    {
      iss: 'https://issuer.example/',
      aud: 'piggybank-api',
      sub: 'u1',
      email: 'u1@example.test',
      exp: nowS + 900,
      ...change,
    },
    by,
    { algorithm: 'RS256', header: { alg: 'RS256', typ: 'JWT', kid: 'theirs', ...theirHeader } },
  );

const ask = (token: string) =>
  gateway.call('GET', '/api/v1/wallets', { headers: { authorization: `Bearer ${token}` } });

test('A2: our own token and the trusted issuer’s are let in, so that what follows fails for its own reason', async () => {
  expect((await ask(accessToken)).status).toBe(200);
  expect((await ask(forged({}))).status).toBe(200);
  const lowerCase = { headers: { authorization: `bearer ${accessToken}` } }; // RFC 9110 §11.1
  expect((await gateway.call('GET', '/api/v1/wallets', lowerCase)).status).toBe(200);
  expect((await ask(fromIssuer({}))).status).toBe(200);
  expect(gateway.wallet.arrivals.at(-1)?.actor).toMatchObject({ kind: 'user', role: 'user', email: 'u1@example.test' });
});

test.each<[string, () => string]>([
  ['alg none', () => `${encode({ ...header, alg: 'none' })}.${encode(claims())}.`],
  ['alg None', () => `${encode({ ...header, alg: 'None' })}.${encode(claims())}.`],
  ['alg none with a signature', () => forged({ alg: 'none' })],
  ['HS256 keyed with our public key', () => hmac(publicPem)],
  ['HS256 keyed with its DER', () => hmac(publicKey.export({ type: 'spki', format: 'der' }))],
  ['HS256 keyed with nothing', () => hmac('')],
  [
    'HS256 keyed with the issuer’s public key',
    () => hmac(createPublicKey(issuerKey).export({ type: 'spki', format: 'pem' }).toString(), { kid: 'theirs' }),
  ],
  ['RS256 under our key id', () => fromIssuer({}, issuerKey, { kid })],
  ['no kid', () => forged({ kid: undefined })],
  ['an unknown kid', () => forged({ kid: randomUUID() })],
  ['a kid that is a path', () => forged({ kid: '../../../../dev/null' })],
  ['a kid that is SQL', () => forged({ kid: "x' UNION SELECT 'key' --" })],
  ['a kid that is a list', () => forged({ kid: [kid] })],
  ['a kid of every object’s', () => forged({ kid: '__proto__' })],
  [
    'an embedded jwk',
    () => forged({ jwk: createPublicKey(stranger).export({ format: 'jwk' }), kid: 'embedded' }, {}, stranger),
  ],
  ['an embedded jwk beside our kid', () => forged({ jwk: publicKey.export({ format: 'jwk' }) })],
  ['a jku of a stranger’s', () => forged({ jku: 'https://example.test/keys.json', kid: 'jku' }, {}, stranger)],
  ['a jku beside our kid', () => forged({ jku: 'http://127.0.0.1:9/keys.json' })],
  ['an x5u', () => forged({ x5u: 'http://127.0.0.1:9/cert' })],
  ['crit', () => forged({ crit: ['exp'] })],
  ['crit with b64', () => forged({ crit: ['b64'], b64: false })],
  ['a stranger’s signature', () => forged({}, {}, stranger)],
  ['another iss', () => forged({}, { iss: 'somebody' })],
  ['the trusted issuer’s iss under our key', () => forged({}, { iss: 'https://issuer.example/' })],
  ['our iss under the issuer’s key', () => fromIssuer({ iss: 'piggybank' })],
  ['another aud', () => forged({}, { aud: 'other' })],
  ['an aud of two', () => forged({}, { aud: ['piggybank-api', 'other'] })],
  ['the issuer’s token for somebody else', () => fromIssuer({ aud: 'another-client' })],
  ['typ JWT', () => forged({ typ: 'JWT' })],
  ['the typ of internal tokens', () => forged({ typ: 'internal+jwt' })],
  ['no typ', () => forged({ typ: undefined })],
  ['expired', () => forged({}, { iat: nowS - 1_000, nbf: nowS - 1_000, exp: nowS - 60 })],
  ['not yet', () => forged({}, { nbf: nowS + 600 })],
  ['for ever', () => forged({}, { exp: nowS + 31_536_000 })],
  ['no exp', () => forged({}, { exp: undefined })],
  ['an exp that is text', () => forged({}, { exp: '9999999999' })],
  ['a role that is none', () => forged({}, { role: 'root' })],
  ['the refresh token', () => refreshToken],
  [
    'an internal token for wallet',
    () =>
      signInternalToken(gateway.wallet.key, {
        audience: 'wallet',
        actor: { kind: 'user', userId: randomUUID(), role: 'admin', email: 'x@example.test' },
        ttlS: 60,
      }),
  ],
  [
    'an internal token for the gateway',
    () =>
      signInternalToken(gateway.wallet.key, {
        audience: 'gateway',
        actor: { kind: 'service', service: 'wallet' },
        ttlS: 60,
      }),
  ],
  ['a signature of nothing', () => `${accessToken.split('.').slice(0, 2).join('.')}.`],
  ['a signature that is changed', () => `${accessToken.slice(0, -6)}AAAAAA`],
  ['an encrypted token’s five parts', () => `${accessToken}.x.y`],
  ['ten kilobytes', () => `${accessToken}${'A'.repeat(10_000)}`],
])('A2: %s is 401, and reaches nobody', async (_case, make) => {
  gateway.wallet.arrivals.length = 0;
  expect(await ask(make())).toMatchObject({ status: 401, json: { code: 'unauthenticated' } });
  expect(gateway.wallet.arrivals).toEqual([]);
});

test.each([
  ['another scheme', 'Basic'],
  ['no scheme', ''],
])('A2: a token with %s is 401', async (_case, scheme) => {
  const headers = { authorization: `${scheme} ${accessToken}`.trim() };
  expect((await gateway.call('GET', '/api/v1/wallets', { headers })).status).toBe(401);
});

test('A2: a token in the query or in a cookie is none, and no key was fetched from where a token said', async () => {
  const query = await gateway.call('GET', `/api/v1/wallets?access_token=${accessToken}`);
  const cookie = await gateway.call('GET', '/api/v1/wallets', { headers: { cookie: `access_token=${accessToken}` } });
  expect([query.status, cookie.status]).toEqual([401, 401]);
  expect(new Set(asked)).toEqual(new Set(['/keys.json']));
  expect(asked.length).toBeLessThanOrEqual(2); // strangers who make up key ids fetch nothing
});
