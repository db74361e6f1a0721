import type { EventData } from '#libs/contracts';
import type { KeyPurpose } from './signature/signer.ts';
import type { Scheme } from './signature/verification.ts';

/**
 * | state | means | from |
 * | --- | --- | --- |
 * | unverified | 401 or 403: nobody vouches for it, see `reason` | – |
 * | refused | 422: rightly signed, but no event | – |
 * | stored | 200: nothing to tell onwards, see `reason` | – |
 * | received | 200: the reconciler will be told | – |
 * | retrying | the reconciler failed on it and tries again | received |
 * | dead_lettered | the last try failed as well: it waits for a human, who may replay it | received, retrying |
 * | processing | parked: what it is about is not known yet | received, retrying, dead_lettered |
 * | completed | applied, or adds nothing to what is known | all of these |
 * | case | for a human | all of these |
 */
export const deliveryStates = [
  'unverified',
  'refused',
  'stored',
  'received',
  'retrying',
  'dead_lettered',
  'processing',
  'completed',
  'case',
] as const;
export type DeliveryState = (typeof deliveryStates)[number];

/** One row of `webhook_logs`. */
export interface Delivery {
  id: string;
  /** What makes it the same delivery again; null for what was not accepted, so that a forgery can never stand in a genuine one's way. */
  deliveryKey: string | null;
  /** SHA-256 of the body, hex. */
  digest: string;
  scheme: Scheme;
  /** Whose key signed it; null where none did. */
  signedBy: KeyPurpose | null;
  /** What the timestamped scheme signs beside the body; null in the plain one. */
  eventId: string | null;
  sentAt: Date | null;
  state: DeliveryState;
  /** Why it is in this state, as a stable word. */
  reason: string | null;
  eventType: string | null;
  objectType: string | null;
  objectId: string | null;
  /** Behind trusted proxies as the outermost of them saw it; `unknown` if it did not come through them all. */
  sourceAddress: string;
  /** The header as it came, cut. */
  signature: string | null;
  bodyBytes: number;
  /** The body, sealed for this row; null where it was not kept. */
  payload: string | null;
  /** How often the reconciler has worked on it; a parked one is tried again. */
  attempts: number;
  /** How often it came again, counted some seconds late. */
  duplicates: number;
  lastDuplicateAt: Date | null;
  transactionId: string | null;
  receivedAt: Date;
  updatedAt: Date;
}

type Outcome =
  | EventData<'reconciler.observation-handled.v1'>['outcome']
  | EventData<'reconciler.observation-failed.v1'>['outcome'];

/** Where nobody has said yet what it comes to; a replay may, after the dead letter queue. */
const unhandled = ['received', 'retrying', 'dead_lettered'] as const;

interface Move {
  to: DeliveryState;
  from: readonly DeliveryState[];
}

/**
 * What the reconciler's word makes of a delivery. Words come in any order, so an end is never left: a late `parked` changes nothing. Nor
 * does a late `retrying` after the last try; a replay that fails leaves it dead-lettered all the while.
 */
export const moves: Record<Outcome, Move> = {
  retrying: { to: 'retrying', from: ['received', 'retrying'] },
  dead_lettered: { to: 'dead_lettered', from: unhandled },
  parked: { to: 'processing', from: unhandled },
  applied: { to: 'completed', from: [...unhandled, 'processing'] },
  ignored: { to: 'completed', from: [...unhandled, 'processing'] },
  case: { to: 'case', from: [...unhandled, 'processing'] },
};
