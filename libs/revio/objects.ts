import { z } from 'zod';
import { foreignId } from '#libs/contracts';

/**
 * The three objects of REVIO.md §3–5 as far as this system uses them. Fields that Revio adds are dropped; a field that we decide
 * by and that is missing or of another type makes the object unreadable, because a guess about money is worse than a fresh read.
 */

/** Unix seconds (REVIO.md §2), up to the year 9999: beyond it a Date has no four-digit year. */
const unixSeconds = z.int().min(0).max(253_402_300_799);

/** Minor units as a JSON integer. `int` is bounded to 2^53 - 1, beyond which JSON.parse would already have rounded. */
const providerAmount = z.int();

/** No control character and no half of a surrogate pair: PostgreSQL can store neither in text and jsonb, at every retry anew. */
const text = (lengthMax: number) =>
  z
    .string()
    .max(lengthMax)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u);

const word = text(64).min(1);
const currency = text(8);
const reference = text(128).nullish();
const link = text(2048).nullish();

const object = {
  id: foreignId,
  status: word,
  is_test: z.boolean(),
  brand_id: text(64),
  /** Ours, echoed. Refunds carry an empty one (sample 06). */
  reference,
  created_on: unixSeconds,
  updated_on: unixSeconds,
};

export const purchase = z.object({
  type: z.literal('purchase'),
  ...object,
  purchase: z.object({ total: providerAmount, currency }),
  payment: z
    .object({
      is_outgoing: z.boolean(),
      amount: providerAmount,
      fee_amount: providerAmount,
      currency,
    })
    .nullable(),
  marked_as_paid: z.boolean(),
  status_history: z.array(z.object({ status: word })),
  /** Only shown to people, so that an odd one must not make the object unreadable. */
  refundable_amount: providerAmount.nullish().catch(null),
  /** Null or whatever the conversion was; a missing field is not a null one, since only null may be credited. */
  currency_conversion: z.looseObject({}).nullable(),
  checkout_url: link,
});

export const payout = z.object({
  type: z.literal('payout'),
  ...object,
  payment: z.object({ amount: providerAmount, currency }),
  execution_url: link,
});

/** A refund or a chargeback (REVIO.md fact 8). `event_type` is there in webhooks only. */
const payment = z.object({
  type: z.literal('payment'),
  ...object,
  payment: z.object({
    is_outgoing: z.boolean(),
    amount: providerAmount,
    currency,
    payment_type: word,
  }),
  event_type: word.nullish(),
  related_to: z.object({ id: foreignId, type: word, reference }).nullish(),
});

export const revioObject = z.discriminatedUnion('type', [purchase, payout, payment]);

export type Purchase = z.infer<typeof purchase>;
export type Payout = z.infer<typeof payout>;
export type Payment = z.infer<typeof payment>;
