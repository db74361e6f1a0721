import { createHash } from 'node:crypto';
import type { Clock } from '#libs/runtime';
import { type SealingKeys, seal } from '#libs/sealed';
import type { Delivery } from './delivery.ts';
import type { RevioEvent } from './read-event.ts';

/** Longer headers are junk: 684 characters carry the longest signature. */
const signatureCharsKept = 1024;
/** Of a body that nobody vouches for. Revio's fullest sample has 6 kB; a flood of junk must not become gigabytes of rows. */
const unverifiedBytesKept = 16_384;

export interface ReceivedDelivery {
  /** The body, byte for byte. */
  raw: Buffer;
  /** Each `X-Signature` header by itself: two of them are not one. */
  signatures: readonly string[];
  /** Whether any header of the timestamped scheme is there. */
  timestamped: boolean;
  sourceAddress: string;
}

export interface LogDeps {
  sealingKeys: SealingKeys;
  clock: Clock;
  newUuid: () => string;
}

/** What the log says of a delivery. `event`: what it was read as, `undefined` if it is none, `'unverified'` if it was not even read. */
export function logRow(
  deps: LogDeps,
  received: ReceivedDelivery,
  event: RevioEvent | undefined | 'unverified',
): Delivery {
  const { raw, signatures, timestamped, sourceAddress } = received;
  const id = deps.newUuid();
  const at = deps.clock.now();
  const digest = createHash('sha256').update(raw).digest('hex');
  const kept = event === 'unverified' ? raw.subarray(0, unverifiedBytesKept) : raw;
  return {
    id,
    digest,
    scheme: timestamped ? 'timestamped' : 'plain',
    sourceAddress,
    signature: signatures.join(', ').slice(0, signatureCharsKept) || null,
    bodyBytes: raw.length,
    // As text: what is accepted was read as strict UTF-8, so that its bytes come back exactly; of junk the digest is the proof.
    payload: seal(deps.sealingKeys, kept.toString('utf8'), payloadPlace(id)),
    attempts: 0,
    transactionId: null,
    receivedAt: at,
    updatedAt: at,
    ...verdictOn(event, digest),
  };
}

/** What a payload is bound to: copied to another row, it does not open. */
export const payloadPlace = (id: string): string => `webhook_logs:${id}:payload`;

const nothingKnown = { deliveryKey: null, eventType: null, objectType: null, objectId: null };

function verdictOn(event: RevioEvent | undefined | 'unverified', digest: string) {
  if (event === 'unverified') return { ...nothingKnown, state: event, reason: 'invalid_signature' };
  if (event === undefined) return { ...nothingKnown, state: 'refused' as const, reason: 'not_an_event' };
  const { observation, ...named } = event;
  return {
    ...named,
    deliveryKey: `sha256:${digest}`,
    state: observation ? ('received' as const) : ('stored' as const),
  };
}
