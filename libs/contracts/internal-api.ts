import { z } from 'zod';
import { observation } from './observation.ts';
import { currency, foreignId, minorUnits, transactionId, userId } from './scalars.ts';

/**
 * The synchronous calls between services (ADR 7): the hold, and the fresh read of Revio. Both are idempotent, both may be
 * repeated after a lost answer.
 */

/** payments → wallet, `POST /holds`. The transaction id is the idempotency key: the first decision is final. */
export const holdRequest = z.strictObject({
  transaction_id: transactionId,
  user_id: userId,
  currency,
  amount_minor: minorUnits,
});

/** `200`: the stored decision, the same for the first call and every repeat. */
export const holdDecision = z.object({
  transaction_id: transactionId,
  decision: z.enum(['held', 'refused']),
  /** Null when held. `voided`: the void came first. */
  reason: z.enum(['insufficient_funds', 'wallet_frozen', 'voided']).nullable(),
});
export type HoldRequest = z.infer<typeof holdRequest>;
export type HoldDecision = z.infer<typeof holdDecision>;

/** reconciler → payments, `POST /provider-reads`: read this object at Revio now, with the given credentials of ours. */
export const providerReadRequest = z.strictObject({
  object_type: z.enum(['purchase', 'payout']),
  object_id: foreignId,
});

/** reconciler → any service, `POST /inbox-lookups`: which of these messages have you handled? */
export const inboxLookupRequest = z.strictObject({ message_ids: z.array(z.uuid()).min(1).max(500) });
export const inboxLookupAnswer = z.object({ handled: z.array(z.uuid()) });

/** `200`. A 404 at Revio is an observation too (`absent`); a Revio that cannot be asked is a 503 problem. */
export const providerReadAnswer = z.object({ observation });
