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
const options = {
  signingKey: privateKey,
  issuer: 'piggybank',
  audience: 'piggybank-api',
  ttlS: 900,
  newUuid: randomUUID,
  now: () => new Date(),
};
const tokens = accessTokens(options);
const user = { id: randomUUID(), email: 'someone@example.test', role: 'user' } as const;
const sessionId = randomUUID();
const genuine = tokens.issue(user, sessionId).token;
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

test('A1 A2: a token says who its user is, for 15 minutes', async () => {
  expect(tokens.issue(user, sessionId).expiresInS).toBe(900);
  expect(await tokens.verify(genuine)).toEqual({
    user: { kind: 'user', userId: user.id, role: 'user', email: user.email },
    sessionId,
    expiresAt: new Date(Number(part(genuine, 1)['exp']) * 1000),
  });
  expect(part(genuine, 0)).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: jwk['kid'] });
  const { iat, exp } = part(genuine, 1) as { iat: number; exp: number };
  expect(exp - iat).toBe(900);
  expect(await tokens.verify(forged({}, {}))).toBeDefined(); // so that what follows fails for its own reason
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
  ['a certificate of its own', forged({ x5c: ['MIIB'] }, {})],
  ['an extension that must be understood', forged({ crit: ['b64'], b64: false }, {})],
  ['a key id that is a path', forged({ kid: '../../dev/null' }, {})],
  ['a key id that is SQL', forged({ kid: "' OR '1'='1" }, {})],
  ['a key id that is every object’s', forged({ kid: '__proto__' }, {})],
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
  ['no beginning', forged({}, { nbf: undefined })],
  ['no session', forged({}, { sid: undefined })],
  ['a beginning that is to come', forged({}, { nbf: nowS + 600 })],
  ['a subject that is no user', forged({}, { sub: 'admin' })],
  ['a role that is none', forged({}, { role: 'root' })],
  ['a claim that we never make', forged({}, { scope: 'all' })],
  ['a changed signature', `${genuine.slice(0, -4)}AAAA`],
  ['a megabyte', `${genuine}${'A'.repeat(1_000_000)}`],
  ['text', 'token'],
  ['nothing', ''],
])('A2: a token with %s is nobody’s', async (_case, token) => {
  expect(await tokens.verify(token)).toBeUndefined();
});

test('A2: claims of one user under the signature of another’s are nobody’s', async () => {
  const other = tokens.issue({ ...user, id: randomUUID(), role: 'admin' }, sessionId).token.split('.');
  const [header, , signature] = genuine.split('.');
  expect(await tokens.verify([header, other[1], signature].join('.'))).toBeUndefined();
});

test('A2: a token that was accepted before is over when its time is', async () => {
  let nowMs = Date.now();
  const clocked = accessTokens({ ...options, now: () => new Date(nowMs) });
  const { token } = clocked.issue(user, sessionId);
  expect(await clocked.verify(token)).toBeDefined();
  const over = forged({}, { iat: nowS - 1000, nbf: nowS - 1000, exp: nowS - 100 });
  nowMs -= 2_000_000; // by this clock it would still hold, had it been remembered without being verified
  expect(await clocked.verify(over)).toBeUndefined();
});

test('F9 A2: a key is rotated without a token being refused: published first, signing then, gone when its tokens have ended', async () => {
  const next = newKey();
  const before = accessTokens({ ...options, otherKeys: [createPublicKey(next)] });
  const after = accessTokens({ ...options, signingKey: next, otherKeys: [createPublicKey(privateKey)] });
  const done = accessTokens({ ...options, signingKey: next });
  const kids = ({ jwks }: typeof before) => jwks.keys.map((key) => String(key['kid'])).sort();
  expect(kids(before)).toEqual(kids(after)); // verifiers know the next key before the first token of it
  const old = before.issue(user, sessionId).token;
  const fresh = after.issue(user, sessionId).token;
  expect(part(old, 0)['kid']).not.toBe(part(fresh, 0)['kid']);
  for (const replica of [before, after]) {
    expect(await replica.verify(old)).toBeDefined();
    expect(await replica.verify(fresh)).toBeDefined();
  }
  expect(await done.verify(fresh)).toBeDefined();
  expect(await done.verify(old)).toBeUndefined();
});
