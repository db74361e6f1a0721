import { type KeyLists, readSignature, signerOf } from './signer.ts';
import type { Verification } from './verification.ts';

/** Each header as often as it came. */
export interface TimestampedHeaders {
  signature: readonly string[];
  timestamp: readonly string[];
  eventId: readonly string[];
}

/** REVIO.md §5: a relay sends at once; what is older was kept by somebody. */
const ageSecondsMax = 300;
/** By how much the sender's clock may be ahead of ours; NTP keeps both within a fraction of it. */
const aheadSecondsMax = 60;

/** Whole seconds, without zeros before them: one moment, one text. Ten digits reach from 2001 to 2286. */
const timestampForm = /^[1-9][0-9]{9}$/;
/** Without a dot, since dots stand between the signed parts: the end of an id could otherwise be the beginning of a body. */
const eventIdForm = /^[A-Za-z0-9_:-]{1,128}$/;

/**
 * The timestamped scheme (REVIO.md §5): `X-Revio-Signature: sha256=<base64>` over `{timestamp}.{event_id}.{raw_body}`, with both of
 * these in headers of their own. The time is looked at first: what is too old is not worth a verification, let alone a search for keys.
 * Signed by the relay's keys; where none are configured it is Revio itself that sends these headers, with the webhook's.
 */
export function verifyTimestamped(
  keys: KeyLists,
  raw: Uint8Array,
  headers: TimestampedHeaders,
  now: Date,
): Verification {
  const signature = readSignature(headers.signature, 'sha256=');
  const timestamp = only(headers.timestamp, timestampForm);
  const eventId = only(headers.eventId, eventIdForm);
  if (signature === undefined || timestamp === undefined || eventId === undefined)
    return { ok: false, reason: 'malformed_signature' };
  const sentAt = new Date(Number(timestamp) * 1000);
  const ageSeconds = (now.getTime() - sentAt.getTime()) / 1000;
  if (ageSeconds > ageSecondsMax) return { ok: false, reason: 'stale_timestamp' };
  if (ageSeconds < -aheadSecondsMax) return { ok: false, reason: 'timestamp_from_the_future' };
  const signed = Buffer.concat([Buffer.from(`${timestamp}.${eventId}.`), raw]);
  const signedBy = signerOf(keys, [keys.relay.length > 0 ? 'relay' : 'webhook'], signed, signature);
  if (signedBy === undefined) return { ok: false, reason: 'unknown_signer' };
  return { ok: true, scheme: 'timestamped', signedBy, eventId, sentAt };
}

/** The header's value if it came once and has the form. */
function only([value, ...more]: readonly string[], form: RegExp): string | undefined {
  return value !== undefined && more.length === 0 && form.test(value) ? value : undefined;
}
