import { z } from 'zod';
import { foreignId, instant } from './scalars.ts';

/**
 * What Revio says about one of its objects, stripped of everything personal: the only form in which provider truth travels
 * between services. Webhooks makes it from a signed payload, payments from an authenticated read or answer; the reconciler
 * decides on nothing else. Amounts are Revio's own integers (minor units) as strings; a field Revio did not send is null.
 */
const provenance = {
  /** How we came to know: a signed delivery, a GET made to learn it, or the answer to a call that changes something. */
  source: z.enum(['webhook', 'read', 'answer']),
  /** When we received it, by our clock. */
  observed_at: instant,
  /** The `Date` header of an answer or a read: the provider's own clock. Null for webhooks. */
  provider_date: instant.nullable(),
  /** Which signature vouches for a webhook: `timestamped` signs its send time too, so that it cannot be an old one replayed. */
  scheme: z.enum(['plain', 'timestamped']).optional(),
};

const object = {
  ...provenance,
  object_id: foreignId,
  /** Our transaction id, as Revio echoes it; free text if it is not ours. */
  reference: z.string().max(128),
  /** As sent; unknown words are kept and decided upon as unknown. */
  status: z.string().max(64),
  /** The snapshot's own times at Revio, 1 s resolution. */
  created_on: instant,
  updated_on: instant,
  is_test: z.boolean(),
  brand_id: z.string().max(64),
};

const providerAmount = z.string().regex(/^-?[0-9]{1,18}$/);

const purchaseObservation = z.object({
  object_type: z.literal('purchase'),
  ...object,
  /** Every status it ever had, oldest first: "ever paid" is read from here (REVIO.md section 3). */
  status_history: z.array(z.string().max(64)).max(100),
  marked_as_paid: z.boolean(),
  currency_converted: z.boolean(),
  /** What was asked for. */
  total_minor: providerAmount,
  total_currency: z.string().max(8),
  /** What could still go back of what was paid: the rest has gone back. Nobody decides by it, it tells a human how much. */
  refundable_minor: providerAmount.nullish(),
  /** What was paid; null until then. */
  payment: z
    .object({
      is_outgoing: z.boolean(),
      amount_minor: providerAmount,
      fee_minor: providerAmount,
      currency: z.string().max(8),
    })
    .nullable(),
});

const payoutObservation = z.object({
  object_type: z.literal('payout'),
  ...object,
  amount_minor: providerAmount,
  currency: z.string().max(8),
});

/** A refund or chargeback: an object of its own that names the purchase (REVIO.md fact 8). */
const paymentObservation = z.object({
  object_type: z.literal('payment'),
  ...object,
  /** `refund`, `chargeback`, … as sent; the event name is kept because chargebacks differ from their reversal by it alone. */
  payment_type: z.string().max(64),
  event_type: z.string().max(64).nullable(),
  is_outgoing: z.boolean(),
  amount_minor: providerAmount,
  currency: z.string().max(8),
  purchase_id: foreignId.nullable(),
});

/** An authenticated read that Revio answered with 404: no proof of absence the first time. */
const absentObservation = z.object({
  object_type: z.literal('absent'),
  ...provenance,
  object_id: foreignId,
});

export const observation = z.discriminatedUnion('object_type', [
  purchaseObservation,
  payoutObservation,
  paymentObservation,
  absentObservation,
]);

export type Observation = z.infer<typeof observation>;
export type PurchaseObservation = z.infer<typeof purchaseObservation>;
export type PayoutObservation = z.infer<typeof payoutObservation>;
export type PaymentObservation = z.infer<typeof paymentObservation>;
