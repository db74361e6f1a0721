import { createHash } from 'node:crypto';
import type { Clock } from '#libs/runtime';
import { type SealingKeys, seal } from '#libs/sealed';
import type { Delivery } from './delivery.ts';
import type { RevioEvent } from './read-event.ts';
import type { Verification } from './signature/verification.ts';
import { type SignatureHeaders, schemeOf } from './signature/verify-signature.ts';

/** Longer headers are junk: 684 characters carry the longest signature. */
const signatureCharsKept = 1024;
/** Of a body that nobody vouches for. Revio's fullest sample has 6 kB; a flood of junk must not become gigabytes of rows. */
const unverifiedBytesKept = 16_384;

export interface ReceivedDelivery {
  /** The body, byte for byte. */
  raw: Buffer;
  headers: SignatureHeaders;
  /** Undefined if it cannot be told. */
  sourceAddress: string | undefined;
}

export interface LogDeps {
  sealingKeys: SealingKeys;
  clock: Clock;
  newUuid: () => string;
}

/** What was found out about a delivery: who vouches for it and what it was read as, or why it is not even read. */
export type Finding =
  | { verified: Extract<Verification, { ok: true }>; event: RevioEvent | undefined }
  | { verified: null; reason: string };

/** What the log says of a delivery. */
export function logRow(deps: LogDeps, received: ReceivedDelivery, finding: Finding): Delivery {
  const { raw, headers, sourceAddress = 'unknown' } = received;
  const id = deps.newUuid();
  const at = deps.clock.now();
  const digest = createHash('sha256').update(raw).digest('hex');
  const kept = finding.verified === null ? raw.subarray(0, unverifiedBytesKept) : raw;
  const scheme = schemeOf(headers);
  const signatures = scheme === 'plain' ? headers.plain : headers.timestamped.signature;
  return {
    id,
    digest,
    scheme,
    sourceAddress,
    signature: signatures.join(', ').slice(0, signatureCharsKept) || null,
    bodyBytes: raw.length,
    // As text: what is accepted was read as strict UTF-8, so that its bytes come back exactly; of junk the digest is the proof.
    payload: seal(deps.sealingKeys, kept.toString('utf8'), payloadPlace(id)),
    attempts: 0,
    duplicates: 0,
    lastDuplicateAt: null,
    transactionId: null,
    receivedAt: at,
    updatedAt: at,
    ...told(finding, digest),
  };
}

/** What a payload is bound to: copied to another row, it does not open. */
export const payloadPlace = (id: string): string => `webhook_logs:${id}:payload`;

const nothingKnown = { deliveryKey: null, eventType: null, objectType: null, objectId: null };
const nothingSigned = { signedBy: null, eventId: null, sentAt: null };

/** What an unverified request says of itself, its event id above all, goes into no column: only what was signed is told. */
function told(finding: Finding, digest: string) {
  if (finding.verified === null)
    return { ...nothingKnown, ...nothingSigned, state: 'unverified' as const, reason: finding.reason };
  const { signedBy, eventId, sentAt } = finding.verified;
  const signed = { signedBy, eventId, sentAt };
  if (finding.event === undefined)
    return { ...nothingKnown, ...signed, state: 'refused' as const, reason: 'not_an_event' };
  const { observation, ...named } = finding.event;
  return {
    ...named,
    ...signed,
    deliveryKey: eventId === null ? `sha256:${digest}` : `event:${eventId}`,
    state: observation ? ('received' as const) : ('stored' as const),
  };
}
