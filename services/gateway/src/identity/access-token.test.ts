import {
  createHash,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  randomUUID,
  sign,
} from 'node:crypto';
import jwt from 'jsonwebtoken';
import { expect, test } from 'vitest';
import { accessTokens } from './access-token.ts';

const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const privateKey = newKey();
const options = { privateKey, issuer: 'piggybank', audience: 'piggybank-api', ttlS: 900, newUuid: randomUUID };
const tokens = accessTokens(options);
const user = { id: randomUUID(), email: 'someone@example.test', role: 'user' } as const;
const genuine = tokens.issue(user).token;
const [jwk] = tokens.jwks.keys as [JsonWebKey];

const part = (token: string, index: 0 | 1): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString());
const encode = (json: object): string => Buffer.from(JSON.stringify(json)).toString('base64url');

/** A token of ours with another header and other claims, signed by `key` as ES256 says. */
function forged(header: object, payload: object, key = privateKey): string {
  const signed = `${encode({ ...part(genuine, 0), ...header })}.${encode({ ...part(genuine, 1), ...payload })}`;
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

test('A1 A2: a token says who its user is, for 15 minutes', () => {
  expect(tokens.issue(user).expiresInS).toBe(900);
  expect(tokens.verify(genuine)).toEqual({ kind: 'user', userId: user.id, role: 'user', email: user.email });
  expect(part(genuine, 0)).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: jwk['kid'] });
  const { iat, exp } = part(genuine, 1) as { iat: number; exp: number };
  expect(exp - iat).toBe(900);
  expect(tokens.verify(forged({}, {}))).toBeDefined(); // so that what follows fails for its own reason
});

test('A2: anybody can verify it with the published key, which says nothing of the private one', () => {
  expect(jwk).toEqual({
    kty: 'EC',
    crv: 'P-256',
    x: expect.any(String),
    y: expect.any(String),
    kid: expect.any(String),
    use: 'sig',
    alg: 'ES256',
  });
  expect(jwt.verify(genuine, createPublicKey({ key: jwk, format: 'jwk' }), { algorithms: ['ES256'] })).toMatchObject({
    sub: user.id,
  });
});

test('A2: the key id is the thumbprint of RFC 7638, the same after a restart', () => {
  const key = createPublicKey(privateKey).export({ format: 'jwk' });
  const canonical = `{"crv":"P-256","kty":"EC","x":"${key.x}","y":"${key.y}"}`;
  expect(jwk['kid']).toBe(createHash('sha256').update(canonical).digest('base64url'));
  expect(accessTokens(options).jwks).toEqual(tokens.jwks);
});

const nowS = Math.floor(Date.now() / 1000);
const stranger = newKey();
const publicPem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
const unsigned = `${encode({ ...part(genuine, 0), alg: 'none' })}.${genuine.split('.')[1]}.`;
const hmacSigned = (key: string | Buffer): string => {
  const signed = `${encode({ ...part(genuine, 0), alg: 'HS256' })}.${genuine.split('.')[1]}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
};
const rsaKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

test.each([
  ['no signature (alg none)', unsigned],
  ['an HMAC keyed with our public key', hmacSigned(publicPem)],
  ['an HMAC keyed with its DER', hmacSigned(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }))],
  [
    'RS256',
    jwt.sign(part(genuine, 1), rsaKey, {
      algorithm: 'RS256',
      header: { alg: 'RS256', typ: 'at+jwt', kid: String(jwk['kid']) },
    }),
  ],
  ['another key under our key id', forged({}, {}, stranger)],
  [
    'a key brought along in the header',
    forged({ jwk: createPublicKey(stranger).export({ format: 'jwk' }) }, {}, stranger),
  ],
  ['a key to be fetched', forged({ jku: 'https://example.test/keys.json', kid: 'theirs' }, {}, stranger)],
  ['an unknown key id', forged({ kid: 'another' }, {})],
  ['no key id', forged({ kid: undefined }, {})],
  ['another type', forged({ typ: 'JWT' }, {})],
  ['the type of internal tokens', forged({ typ: 'internal+jwt' }, {})],
  ['another issuer', forged({}, { iss: 'somebody' })],
  ['another audience', forged({}, { aud: 'another-api' })],
  ['ours among other audiences', forged({}, { aud: ['piggybank-api', 'another-api'] })],
  ['an end that is over', forged({}, { iat: nowS - 1000, exp: nowS - 100 })],
  ['no end', forged({}, { exp: undefined })],
  ['a longer life than we give', forged({}, { exp: nowS + 86_400 })],
  ['a beginning that is to come', forged({}, { nbf: nowS + 600 })],
  ['a subject that is no user', forged({}, { sub: 'admin' })],
  ['a role that is none', forged({}, { role: 'root' })],
  ['a claim that we never make', forged({}, { scope: 'all' })],
  ['a changed signature', `${genuine.slice(0, -4)}AAAA`],
  ['a megabyte', `${genuine}${'A'.repeat(1_000_000)}`],
  ['text', 'token'],
  ['nothing', ''],
])('A2: a token with %s is nobody’s', (_case, token) => {
  expect(tokens.verify(token)).toBeUndefined();
});

test('A2: claims of one user under the signature of another’s are nobody’s', () => {
  const other = tokens.issue({ ...user, id: randomUUID(), role: 'admin' }).token.split('.');
  const [header, , signature] = genuine.split('.');
  expect(tokens.verify([header, other[1], signature].join('.'))).toBeUndefined();
});
