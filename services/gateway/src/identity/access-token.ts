import { createHash, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import type { UserActor } from '#libs/auth';

/** Explicit typing (RFC 9068, RFC 8725 §3.11): no token of another purpose is one of these. */
const tokenType = 'at+jwt';
const algorithm = 'ES256';
/** Ours have some 600 characters. Checked before anything is decoded. */
const tokenCharsMax = 2_048;
/** Between replicas whose clocks are kept. */
const clockToleranceS = 5;

const claims = z.strictObject({
  iss: z.string(),
  aud: z.string(),
  sub: z.uuid(),
  jti: z.uuid(),
  iat: z.int(),
  exp: z.int(),
  role: z.enum(['user', 'support', 'admin']),
  email: z.string().min(3).max(254),
});

export interface AccessTokens {
  issue(user: { id: string; email: string; role: UserActor['role'] }): { token: string; expiresInS: number };
  /** Whose token it is; undefined for whatever is not exactly one of ours. Which check it failed is nobody's business. */
  verify(token: string): UserActor | undefined;
  /** A JWK Set (RFC 7517) of the public keys. */
  jwks: { keys: JsonWebKey[] };
}

export interface AccessTokenOptions {
  /** EC P-256. Made into a KeyObject once: from PEM each signature costs twice as much. */
  privateKey: KeyObject;
  issuer: string;
  audience: string;
  ttlS: number;
  newUuid: () => string;
}

/**
 * The tokens that users carry: JWT, ES256. The key is chosen by us (`kid` must be ours), the algorithm is pinned, and nothing in a
 * token's header (`jwk`, `jku`, `x5c`) is ever followed: RFC 8725.
 */
export function accessTokens({ privateKey, issuer, audience, ttlS, newUuid }: AccessTokenOptions): AccessTokens {
  const publicKey = createPublicKey(privateKey);
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' });
  // RFC 7638: the required members in lexicographic order, without spaces.
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  return {
    issue: (user) => ({
      expiresInS: ttlS,
      token: jwt.sign({ role: user.role, email: user.email }, privateKey, {
        algorithm,
        header: { alg: algorithm, typ: tokenType, kid },
        issuer,
        audience,
        subject: user.id,
        jwtid: newUuid(),
        expiresIn: ttlS,
      }),
    }),
    verify: (token) => {
      const decoded = verified(token, publicKey, { issuer, audience });
      const read = claims.safeParse(decoded?.payload);
      if (decoded?.header.kid !== kid || decoded.header.typ !== tokenType || !read.success) return undefined;
      const { sub, role, email, iat, exp } = read.data;
      if (exp - iat > ttlS) return undefined; // jsonwebtoken accepts any lifetime that its signer chose
      return { kind: 'user', userId: sub, role, email };
    },
    jwks: { keys: [{ kty, crv, x, y, kid, use: 'sig', alg: algorithm } as JsonWebKey] },
  };
}

function verified(token: string, key: KeyObject, expected: { issuer: string; audience: string }): jwt.Jwt | undefined {
  if (token.length > tokenCharsMax) return undefined;
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
