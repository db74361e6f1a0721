import { z } from 'zod';
import { observation } from './observation.ts';
import { currency, foreignId, instant, minorUnits, transactionId, userId } from './scalars.ts';

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
  reason: z
    .enum([
      'insufficient_funds',
      'wallet_frozen',
      'wallet_in_debt',
      'voided',
      'daily_limit_exceeded',
      'monthly_limit_exceeded',
    ])
    .nullable(),
  /** Of a limit that refused it: how much it allows, what was left of it then, and when it begins anew. */
  limit: z.object({ amount_minor: minorUnits, left_minor: minorUnits, resets_at: instant }).optional(),
});
export type HoldRequest = z.infer<typeof holdRequest>;
export type HoldDecision = z.infer<typeof holdDecision>;

/** gateway → payments for a user, `GET /transactions/{id}/timeline?after=…`: what happened after an entry, oldest first. */
export const timelineAnswer = z.object({
  data: z.array(
    z.object({
      /** The entry's number, larger than those before it. */
      id: z.string().regex(/^[1-9][0-9]{0,17}$/),
      status: z.string().max(32),
      reason: z.string().max(64).nullable(),
      at: instant,
    }),
  ),
  /** Nothing is on its way any more. */
  ended: z.boolean(),
});
export type TimelineAnswer = z.infer<typeof timelineAnswer>;

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

const span = { from: instant, until: instant };

/** reconciler → wallet, `GET /day-totals`: what all wallets held at both ends of a span, by the entries alone. */
export const dayTotalsQuery = z.strictObject(span);
export const dayTotalsAnswer = z.object({
  data: z.array(z.object({ currency, opening_minor: minorUnits, closing_minor: minorUnits })),
});
export type DayTotalsAnswer = z.infer<typeof dayTotalsAnswer>;

/** Of a posting's time and id: the last one that was read. */
const dayCursor = z.string().regex(/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z~[0-9a-f-]{36}$/);

/** reconciler → wallet, `GET /day-postings`: what changed these totals in between, by time. */
export const dayPostingsQuery = z.strictObject({ ...span, currency, after: dayCursor.optional() });
export const dayPostingsAnswer = z.object({
  data: z.array(
    z.object({
      id: z.uuid(),
      kind: z.enum(['credit', 'settlement', 'reversal', 'payout-return', 'adjustment']),
      source_id: z.string(),
      transaction_id: z.string(),
      /** Signed: what the wallet gained by its entries. */
      gained_minor: minorUnits,
      created_at: instant,
    }),
  ),
  /** Null at the end. */
  next: dayCursor.nullable(),
});
export type DayPostingsAnswer = z.infer<typeof dayPostingsAnswer>;

const postingKind = z.enum(['credit', 'hold', 'settlement', 'reversal', 'payout-return', 'adjustment']);

/** Where a reader of the postings stands; opaque to it. */
export const postingCursor = z.string().regex(/^[0-9]{1,18}\.[0-9a-f-]{36}$/);

/** reconciler → wallet, `GET /postings?after=…&limit=…`: every posting, in an order in which none is ever skipped (ADR 14). */
export const postingsQuery = z.strictObject({ after: postingCursor.optional(), limit: z.string().optional() });

/** reconciler → wallet, `POST /posting-lookups`: what is posted of these sources, as it is now. */
export const postingsWanted = z.strictObject({
  sources: z.array(z.strictObject({ kind: postingKind, source_id: z.string().min(1).max(256) })).max(1_000),
});

const fedPosting = z.object({
  id: z.uuid(),
  kind: postingKind,
  source_id: z.string(),
  settlement: z.enum(['post', 'void']).nullable(),
  transaction_id: z.string(),
  user_id: userId,
  currency,
  amount_minor: minorUnits,
  /** What the posting's entries gave to the system's accounts (clearing, adjustments), signed: a credit of 1.00 is -100. */
  system_minor: minorUnits,
  created_at: instant,
});
export type FedPosting = z.infer<typeof fedPosting>;

/**
 * `next` is the cursor after this page: the one that was given when the page is empty, null when nothing was ever posted.
 * `held_back_since`: when the oldest posting was made that is there and cannot be shown yet, because an older transaction is still open.
 */
export const postingsPage = z.object({
  data: z.array(fedPosting),
  next: postingCursor.nullable(),
  held_back_since: instant.nullable(),
});
export const postingsFound = z.object({ data: z.array(fedPosting) });

/** One thing that happened to a transaction, in plain words. Ids and amounts only: nothing personal, no payload, no words of people. */
export const storyLine = z.object({
  at: instant,
  kind: z.enum([
    'request',
    'transition',
    'payout',
    'hold',
    'posting',
    'delivery',
    'observation',
    'decision',
    'case',
    'act',
    'dead_letter',
    'told',
    'heard',
  ]),
  text: z.string(),
  /** By what they are: `message_id`, `posting_id`, `purchase_id` … */
  ids: z.record(z.string(), z.string()),
  /** The W3C trace that it happened in; null where none is kept. */
  trace_id: z.string().nullable(),
});
export type StoryLine = z.infer<typeof storyLine>;

/** gateway → any service, `GET /story/{transaction id}`: what this service knows of it, oldest first. `cut`: there is more. */
export const storyAnswer = z.object({ lines: z.array(storyLine), cut: z.boolean() });
/** Ten times what a transaction usually leaves in one service. */
export const storyLinesMax = 200;

/** gateway → any service, `POST /story-messages`: which of the messages that others told about it were handled here. */
export const storyMessagesRequest = z.strictObject({
  message_ids: z
    .array(z.uuid())
    .min(1)
    .max(5 * storyLinesMax),
});
