import { createSecretKey, type KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import type { ServiceName } from '#libs/contracts';
import { type Actor, actor } from './actor.ts';

/** Explicit typing (RFC 8725, 3.11): a token of another purpose is not one of these, even under the same key. */
const tokenType = 'internal+jwt';
const algorithm = 'HS256';
/** Ours are near 400 bytes. Checked before anything is decoded. */
const tokenBytesMax = 2_048;
/** Between machines whose clocks are kept. */
const clockToleranceS = 5;
/** A token outlives its call by little; one that claims more was not made by us, whoever holds the key. */
const ttlSMax = 300;
/** RFC 7518, 3.2: no shorter than the hash's output. */
const keyBytesMin = 32;

const claims = z.strictObject({
  iss: z.string(),
  aud: z.string(),
  iat: z.int(),
  exp: z.int(),
  actor,
});

/** A KeyObject per key for good: making one for each call costs as much as the signature. */
const keyObjects = new WeakMap<Buffer, KeyObject>();

function keyObject(key: Buffer): KeyObject {
  const made = keyObjects.get(key);
  if (made !== undefined) return made;
  if (key.length < keyBytesMin) throw new RangeError(`an internal key needs at least ${keyBytesMin} bytes`);
  const fresh = createSecretKey(key);
  keyObjects.set(key, fresh);
  return fresh;
}

/** Users only ever come through the gateway; a service speaks for itself. */
const issuerOf = (speaker: Actor): ServiceName => (speaker.kind === 'user' ? 'gateway' : speaker.service);

/**
 * The token that a service hands to another, `Authorization: Bearer …`, signed with the callee's key: a key that leaks opens one
 * service, not five. `ttlS` at most 300; seconds are enough for one call.
 */
export function signInternalToken(key: Buffer, token: { audience: ServiceName; actor: Actor; ttlS: number }): string {
  if (!(token.ttlS > 0 && token.ttlS <= ttlSMax)) throw new RangeError(`ttlS must be in 1..${ttlSMax}`);
  return jwt.sign({ actor: token.actor }, keyObject(key), {
    algorithm,
    header: { alg: algorithm, typ: tokenType },
    issuer: issuerOf(token.actor),
    audience: token.audience,
    expiresIn: token.ttlS,
  });
}

/** What was verified lately; a caller's token comes again with each call of the same second, a user's for half a minute. */
type Verified = { actor: Actor; exp: number };
const verified = new WeakMap<Buffer, Map<string, Verified>>();
/** Some 600 bytes each. */
const verifiedMax = 5_000;

/**
 * Who speaks, or undefined for whatever is not exactly a token of ours: which check it failed is nobody's business. One that was right is not
 * verified again before it expires: the same bytes under the same key stay right, and finding them takes a hundredth of the time.
 */
export function verifyInternalToken(
  token: string,
  expected: { audience: ServiceName; keys: readonly Buffer[] },
): Actor | undefined {
  if (token.length > tokenBytesMax) return undefined;
  for (const key of expected.keys) {
    const speaker = knownOrVerified(key, token, expected.audience);
    if (speaker !== undefined) return speaker;
  }
  return undefined;
}

function knownOrVerified(key: Buffer, token: string, audience: ServiceName): Actor | undefined {
  const known = verified.get(key) ?? new Map<string, Verified>();
  verified.set(key, known);
  const name = `${audience} ${token}`;
  const before = known.get(name);
  if (before !== undefined && Date.now() / 1000 < before.exp + clockToleranceS) return before.actor;
  const found = verifyWith(keyObject(key), token, audience);
  if (found === undefined) return undefined;
  known.delete(name);
  const [oldest] = known.keys();
  if (known.size >= verifiedMax && oldest !== undefined) known.delete(oldest);
  known.set(name, found);
  return found.actor;
}

function verifyWith(key: KeyObject, token: string, audience: ServiceName): Verified | undefined {
  let decoded: jwt.Jwt;
  try {
    decoded = jwt.verify(token, key, {
      algorithms: [algorithm],
      audience,
      clockTolerance: clockToleranceS,
      complete: true,
    });
  } catch {
    return undefined;
  }
  const read = claims.safeParse(decoded.payload);
  if (!read.success || decoded.header.typ !== tokenType) return undefined;
  const { iss, iat, exp, actor: speaker } = read.data;
  // jsonwebtoken takes a token without `exp` as one that never ends; the schema demands it, and this bounds it.
  if (exp - iat > ttlSMax || iss !== issuerOf(speaker)) return undefined;
  return { actor: Object.freeze(speaker), exp };
}
