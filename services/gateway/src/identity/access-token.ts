import { createHash, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import type { UserActor } from '#libs/auth';

/** Explicit typing (RFC 9068, RFC 8725 §3.11): no token of another purpose is one of these. */
const tokenType = 'at+jwt';
const algorithm = 'ES256';
/** Ours have some 600 characters. Checked before anything is decoded. */
const tokenCharsMax = 4_096;
/** Between replicas whose clocks are kept. */
const clockToleranceS = 5;
/** A signature takes 100 µs to verify, a token of its own some 600 bytes to remember: the users of the last minutes, and no more. */
const rememberedMax = 10_000;

/** Exactly what we write: a token that brings a key along (`jwk`, `jku`, `x5c`) or demands something (`crit`) is none of ours. */
const header = z.strictObject({ alg: z.literal(algorithm), typ: z.literal(tokenType), kid: z.string().max(64) });

const claims = z.strictObject({
  iss: z.string(),
  aud: z.string(),
  sub: z.uuid(),
  jti: z.uuid(),
  iat: z.int(),
  nbf: z.int(),
  exp: z.int(),
  sid: z.uuid(),
  role: z.enum(['user', 'support', 'admin']),
  email: z.string().min(3).max(254),
});

/** What a token that we accept says. */
export interface Access {
  user: UserActor;
  /** The session that it was given to; null for a token of the external issuer, who keeps the sessions of his users. */
  sessionId: string | null;
  expiresAt: Date;
}

export interface AccessTokens {
  issue(
    user: { id: string; email: string; role: UserActor['role'] },
    sessionId: string,
  ): { token: string; expiresInS: number };
  /** Whose token it is; undefined for whatever is not exactly one of ours. Which check it failed is nobody's business. */
  verify(token: string): Promise<Access | undefined>;
  /** A JWK Set (RFC 7517) of the public keys. */
  jwks: { keys: JsonWebKey[] };
}

/** Who else's tokens are accepted, and how. Never asked about a token that names a key of ours. */
export interface ForeignTokens {
  verify(token: string): Promise<Access | undefined>;
}

export interface AccessTokenOptions {
  /** EC P-256. Made into a KeyObject once: from PEM each signature costs twice as much. */
  signingKey: KeyObject;
  /** Published and accepted, but not signed with: the next key, before its time, and the last one, until its tokens have ended. */
  otherKeys?: readonly KeyObject[];
  issuer: string;
  audience: string;
  ttlS: number;
  newUuid: () => string;
  now: () => Date;
  foreign?: ForeignTokens;
}

/**
 * The tokens that users carry: JWT, ES256. The key is chosen by us (`kid` must be ours), the algorithm is pinned, and nothing in a
 * token's header is ever followed: RFC 8725. A token that was verified is remembered until its end: no key is ever taken back while
 * the process runs.
 */
export function accessTokens(options: AccessTokenOptions): AccessTokens {
  const { signingKey, otherKeys = [], issuer, audience, ttlS, newUuid, now, foreign } = options;
  const keys = [signingKey, ...otherKeys].map(publicKeyOf);
  const byKid = new Map(keys.map((key) => [key.kid, key.publicKey]));
  const signingKid = keys[0]?.kid;
  const remembered = new Map<string, Access>();

  const verifyOurs = (token: string, kid: string): Access | undefined => {
    const key = byKid.get(kid);
    const decoded = key && verified(token, key, { issuer, audience });
    const read = claims.safeParse(decoded?.payload);
    if (!header.safeParse(decoded?.header).success || !read.success) return undefined;
    const { sub, role, email, iat, exp, sid } = read.data;
    if (exp - iat > ttlS) return undefined; // jsonwebtoken accepts any lifetime that its signer chose
    return { user: { kind: 'user', userId: sub, role, email }, sessionId: sid, expiresAt: new Date(exp * 1000) };
  };

  return {
    issue: (user, sessionId) => ({
      expiresInS: ttlS,
      token: jwt.sign({ role: user.role, email: user.email, sid: sessionId }, signingKey, {
        algorithm,
        header: { alg: algorithm, typ: tokenType, kid: signingKid },
        issuer,
        audience,
        subject: user.id,
        jwtid: newUuid(),
        notBefore: 0,
        expiresIn: ttlS,
      }),
    }),
    verify: async (token) => {
      if (token.length > tokenCharsMax) return undefined;
      const known = remembered.get(token);
      if (known !== undefined && known.expiresAt > now()) return known;
      remembered.delete(token);
      const kid = kidOf(token);
      // Another issuer takes keys back, so that his tokens are verified each time.
      if (kid === undefined || !byKid.has(kid)) return foreign?.verify(token);
      const access = verifyOurs(token, kid);
      if (access === undefined) return undefined;
      const [oldest] = remembered.keys();
      if (remembered.size >= rememberedMax && oldest !== undefined) remembered.delete(oldest);
      remembered.set(token, access);
      return access;
    },
    jwks: { keys: keys.map(({ jwk }) => jwk) },
  };
}

function publicKeyOf(key: KeyObject): { kid: string; publicKey: KeyObject; jwk: JsonWebKey } {
  const publicKey = key.type === 'public' ? key : createPublicKey(key);
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' });
  // RFC 7638: the required members in lexicographic order, without spaces.
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  return { kid, publicKey, jwk: { kty, crv, x, y, kid, use: 'sig', alg: algorithm } as JsonWebKey };
}

/** What a token says of its key, before anything of it is believed. */
function kidOf(token: string): string | undefined {
  try {
    const decoded = jwt.decode(token, { complete: true });
    return typeof decoded?.header.kid === 'string' ? decoded.header.kid : undefined;
  } catch {
    return undefined;
  }
}

function verified(token: string, key: KeyObject, expected: { issuer: string; audience: string }): jwt.Jwt | undefined {
  try {
    return jwt.verify(token, key, {
      ...expected,
      algorithms: [algorithm],
      clockTolerance: clockToleranceS,
      complete: true,
    });
  } catch {
    return undefined;
  }
}
