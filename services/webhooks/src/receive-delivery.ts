import { transactionId } from '#libs/contracts';
import type { Transact } from '#libs/db';
import type { Logger } from '#libs/runtime';
import type { Allowlist } from './allowlist.ts';
import type { WebhooksTx } from './delivery-store.ts';
import type { DuplicateCounts } from './duplicate-counts.ts';
import { type Finding, type LogDeps, logRow, type ReceivedDelivery } from './log-row.ts';
import { type RevioEvent, readEvent } from './read-event.ts';
import type { KeyRing } from './signature/key-ring.ts';
import type { KeyPurpose } from './signature/signer.ts';
import type { Scheme, Verification } from './signature/verification.ts';
import { verifySignature } from './signature/verify-signature.ts';
import type { CountUnverified } from './unverified-limit.ts';

export interface ReceiveDeps extends LogDeps {
  transact: Transact<WebhooksTx>;
  keyRing: KeyRing;
  acceptedSchemes: readonly Scheme[];
  /** Who may deliver at all (REQUIREMENTS W4); undefined: whoever signs rightly. */
  allowlist: Allowlist | undefined;
  /** What nobody vouches for is counted, over all replicas: so many a minute are written down, so many answered at all. */
  unverified: { count: CountUnverified; max: number; rowsMax: number };
  duplicates: DuplicateCounts;
  logger: Logger;
}

/**
 * `accepted`: on its way to the reconciler. `stored`: kept, with nothing to tell. `duplicate`: was here before. `refused`: rightly
 * signed, but no event. `unverified`: nobody knows whose it is. `not_allowed`: from an address that may not deliver. `limited`: one of
 * the last two, after more of them within a minute than are answered.
 */
export const receipts = ['accepted', 'stored', 'duplicate', 'refused', 'unverified', 'not_allowed', 'limited'] as const;
export type Receipt = (typeof receipts)[number];

export type Received =
  | { receipt: Exclude<Receipt, 'limited'> }
  /** `resetMs`: until the next window. */
  | { receipt: 'limited'; resetMs: number };

/**
 * Takes one delivery: the signature over the raw bytes first, then the log row and the message to the reconciler in one transaction,
 * so that after a 200 neither can be lost. Throws when the database is not there: Revio will deliver again.
 */
export async function receiveDelivery(deps: ReceiveDeps, received: ReceivedDelivery): Promise<Received> {
  if (!isAllowed(deps, received)) return turnAway(deps, received, 'not_allowed', 'address_not_allowed');
  const verified = await verify(deps, received);
  if (!verified.ok) return turnAway(deps, received, 'unverified', verified.reason);
  const event = readEvent(received.raw, deps.clock.now(), verified.scheme);
  if (event !== undefined && !maySign(verified.signedBy, event))
    return turnAway(deps, received, 'unverified', 'wrong_key_purpose');
  return { receipt: await keep(deps, received, { verified, event }) };
}

/** Counted only here, so that no flood of junk ever limits what is rightly signed (A5). Without the counters the answer is the same. */
async function turnAway(
  deps: ReceiveDeps,
  received: ReceivedDelivery,
  receipt: 'unverified' | 'not_allowed',
  reason: string,
): Promise<Received> {
  const { count, max, rowsMax } = deps.unverified;
  const counted = await count();
  if (counted === undefined) return { receipt };
  if (counted.nth > max) return { receipt: 'limited', resetMs: counted.resetMs };
  if (counted.nth <= rowsMax) await recordUnverified(deps, received, reason);
  return { receipt };
}

const isAllowed = ({ allowlist }: ReceiveDeps, { sourceAddress }: ReceivedDelivery): boolean =>
  allowlist === undefined || (sourceAddress !== undefined && allowlist(sourceAddress));

/** Tried again with whatever keys Revio turns out to sign with now; the bounds are the key ring's. */
async function verify(deps: ReceiveDeps, received: ReceivedDelivery): Promise<Verification> {
  const verifyWith = (keys: ReturnType<KeyRing['keys']>): Verification =>
    verifySignature({ keys, accepted: deps.acceptedSchemes, now: deps.clock.now() }, received);
  const keys = deps.keyRing.keys();
  const first = verifyWith(keys);
  if (first.ok || first.reason !== 'unknown_signer') return first;
  return (await deps.keyRing.hasLearnedSince(keys)) ? verifyWith(deps.keyRing.keys()) : first;
}

/** The company's key signs a purchase's `success_callback` (REVIO.md §5): whoever gets a signature out of that says nothing of payouts. */
const maySign = (signedBy: KeyPurpose, { objectType }: RevioEvent): boolean =>
  signedBy !== 'company' || objectType === 'purchase';

type Verified = Extract<Finding, { event: unknown }>;

async function keep(deps: ReceiveDeps, received: ReceivedDelivery, finding: Verified) {
  const { event } = finding;
  const row = logRow(deps, received, finding);
  const isFirst = await deps.transact(
    async (tx) => {
      if (!(await tx.logDelivery(row))) return false;
      if (event?.observation) {
        const { eventType, observation } = event;
        const reference = transactionId.safeParse('reference' in observation ? observation.reference : undefined);
        await tx.enqueue(
          'webhooks.revio-event-received.v1',
          { delivery_id: row.id, event_type: eventType, observation },
          reference.success ? { correlationId: reference.data } : {},
        );
      }
      return true;
    },
    { onUnknownCommit: 'rerun' }, // the delivery key finds the earlier self
  );
  if (event === undefined) return 'refused';
  if (isFirst) return event.observation === null ? 'stored' : 'accepted';
  if (row.deliveryKey !== null) deps.duplicates.note(row.deliveryKey, row.receivedAt);
  return 'duplicate';
}

/** For whoever asks later why a delivery was turned away. Worth no failure: without a database the answer is the same. */
async function recordUnverified(deps: ReceiveDeps, received: ReceivedDelivery, reason: string): Promise<void> {
  try {
    await deps.transact((tx) => tx.logDelivery(logRow(deps, received, { verified: null, reason })));
  } catch (err) {
    deps.logger.warn({ err }, 'an unverified delivery was not recorded');
  }
}
