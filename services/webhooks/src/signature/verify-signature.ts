import { verifyPlain } from './plain.ts';
import type { KeyLists } from './signer.ts';
import { type TimestampedHeaders, verifyTimestamped } from './timestamped.ts';
import type { Scheme, Verification } from './verification.ts';

/** The headers that may sign, each as often as it came: two of one are not one. */
export interface SignatureHeaders {
  plain: readonly string[];
  timestamped: TimestampedHeaders;
}

/**
 * A request that carries any header of the timestamped scheme is judged by that scheme alone (ADR 4): if it could fall back to the
 * plain one, whoever got hold of one delivery could strip the protection that a relay had added.
 */
export const schemeOf = ({ timestamped: { signature, timestamp, eventId } }: SignatureHeaders): Scheme =>
  signature.length + timestamp.length + eventId.length > 0 ? 'timestamped' : 'plain';

/** The one question: does somebody vouch for these bytes? Asked before anything reads them. */
export function verifySignature(
  { keys, accepted, now }: { keys: KeyLists; accepted: readonly Scheme[]; now: Date },
  { raw, headers }: { raw: Uint8Array; headers: SignatureHeaders },
): Verification {
  const scheme = schemeOf(headers);
  if (!accepted.includes(scheme)) return { ok: false, reason: 'scheme_not_accepted' };
  return scheme === 'plain'
    ? verifyPlain(keys, raw, headers.plain)
    : verifyTimestamped(keys, raw, headers.timestamped, now);
}
