import { createHash, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import type { Clock } from '#libs/runtime';
import type { Access, ForeignTokens } from './access-token.ts';

/** A key that an issuer has withdrawn is accepted at most this long. */
const keysMaxAgeMs = 10 * 60_000;
/** A token of an unknown key has the keys fetched again, but no stranger makes us ask more often than this, whatever he names. */
const refetchMsMin = 30_000;
/** Issuers publish a handful; each is tried by its id only. */
const keysMax = 50;
const clockToleranceS = 5;
/** Whoever signs longer tokens cannot take them back either. */
const lifetimeSMax = 86_400;

const jwk = z.object({
  kid: z.string().min(1).max(256),
  kty: z.enum(['EC', 'RSA']),
  use: z.literal('sig').optional(),
});
const jwkSet = z.object({ keys: z.array(z.unknown()).max(keysMax) });

const claims = z.object({
  sub: z.string().min(1).max(255),
  exp: z.int(),
  iat: z.int(),
  email: z.email().max(254),
  email_verified: z.literal(true).optional(),
});

/** `at+jwt` as RFC 9068 asks, or the `JWT` that many issuers still write; another purpose's token has another audience, too. */
const types = ['at+jwt', 'JWT'];

interface Key {
  key: KeyObject;
  /** Of the key, never of the token: that is what makes an RSA key useless as an HMAC secret. */
  algorithm: 'ES256' | 'RS256';
}

export interface ExternalIssuerOptions {
  issuer: string;
  audience: string;
  /** The issuer's JWK Set. Rejects when it cannot be had. */
  fetchKeys: () => Promise<unknown>;
  clock: Clock;
}

/**
 * Accepts the tokens of one other issuer by the keys that he publishes. His users are users of ours by an id made of his name and
 * theirs, and never more: support and admins come by our own command alone (README.md).
 */
export function externalIssuer({ issuer, audience, fetchKeys, clock }: ExternalIssuerOptions): ForeignTokens {
  let keys = new Map<string, Key>();
  let fetchedAtMs = Number.NEGATIVE_INFINITY;
  let triedAtMs = Number.NEGATIVE_INFINITY;
  let fetching: Promise<void> | undefined;

  async function refetch(): Promise<void> {
    triedAtMs = clock.monotonicMs();
    try {
      keys = readKeys(await fetchKeys());
      fetchedAtMs = clock.monotonicMs();
    } catch {
      // His keys cannot be had: those that we know count until they are too old.
    }
  }

  /** One fetch for all who wait for it. */
  async function keyOf(kid: string): Promise<Key | undefined> {
    const isFresh = () => clock.monotonicMs() - fetchedAtMs < keysMaxAgeMs;
    if (isFresh() && keys.has(kid)) return keys.get(kid);
    if (fetching !== undefined || clock.monotonicMs() - triedAtMs >= refetchMsMin) {
      fetching ??= refetch().finally(() => {
        fetching = undefined;
      });
      await fetching;
    }
    return isFresh() ? keys.get(kid) : undefined;
  }

  return {
    verify: async (token) => {
      const header = headerOf(token);
      if (header === undefined || 'crit' in header || !types.includes(header.typ ?? '')) return undefined;
      const found = header.kid === undefined ? undefined : await keyOf(header.kid);
      if (found === undefined) return undefined;
      return accessOf(token, found, { issuer, audience });
    },
  };
}

function headerOf(token: string): jwt.JwtHeader | undefined {
  try {
    return jwt.decode(token, { complete: true })?.header;
  } catch {
    return undefined;
  }
}

function accessOf(token: string, { key, algorithm }: Key, expected: { issuer: string; audience: string }) {
  let payload: unknown;
  try {
    payload = jwt.verify(token, key, { ...expected, algorithms: [algorithm], clockTolerance: clockToleranceS });
  } catch {
    return undefined;
  }
  const read = claims.safeParse(payload);
  if (!read.success || read.data.exp - read.data.iat > lifetimeSMax) return undefined;
  const { sub, email, exp } = read.data;
  const access: Access = {
    user: { kind: 'user', userId: userIdOf(expected.issuer, sub), role: 'user', email: email.toLowerCase() },
    sessionId: null,
    expiresAt: new Date(exp * 1000),
  };
  return access;
}

/** A UUID of version 8 (RFC 9562 §5.8): no random one of ours is ever equal to it. */
function userIdOf(issuer: string, subject: string): string {
  const bytes = createHash('sha256').update(`${issuer}\n${subject}`).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** What is no signature key of a kind that we accept is left out: issuers publish others beside. */
function readKeys(raw: unknown): Map<string, Key> {
  const keys = new Map<string, Key>();
  for (const each of jwkSet.parse(raw).keys) {
    const read = jwk.safeParse(each);
    if (!read.success) continue;
    try {
      const key = createPublicKey({ key: each as JsonWebKey, format: 'jwk' });
      const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
      if (namedCurve === 'prime256v1') keys.set(read.data.kid, { key, algorithm: 'ES256' });
      else if (modulusLength >= 2_048) keys.set(read.data.kid, { key, algorithm: 'RS256' });
    } catch {
      // Not a key that can be read.
    }
  }
  return keys;
}
