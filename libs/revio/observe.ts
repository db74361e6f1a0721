import type { Observation } from '#libs/contracts';
import { NotRevioObject } from './not-revio-object.ts';
import { type Payment, type Payout, type Purchase, revioObject } from './objects.ts';

/** Where an object was seen: a signed delivery, a GET made to learn it, or the answer to a call that changes something. */
export interface Provenance {
  source: Observation['source'];
  /** By our clock. */
  observedAt: Date;
  /** The `Date` header of the answer; null for webhooks. */
  providerDate: Date | null;
  /** Of a webhook. */
  scheme?: 'plain' | 'timestamped';
}

/** The contract carries at most this many statuses; there are 22 words (REVIO.md §3). */
const statusesMax = 100;

/**
 * What an object of Revio's says, without anything personal: only the fields below are carried over. Amounts are Revio's integers
 * (minor units) as strings, times ISO 8601. Throws NotRevioObject.
 */
export function observe(raw: unknown, provenance: Provenance): Observation {
  const read = revioObject.safeParse(raw);
  if (!read.success) {
    const where = read.error.issues.map((issue) => issue.path.join('.') || '(root)');
    throw new NotRevioObject(`not a Revio object: ${[...new Set(where)].join(', ')}`);
  }
  switch (read.data.type) {
    case 'purchase':
      return { object_type: 'purchase', ...snapshot(read.data, provenance), ...ofPurchase(read.data) };
    case 'payout':
      return { object_type: 'payout', ...snapshot(read.data, provenance), ...money(read.data.payment) };
    case 'payment':
      return { object_type: 'payment', ...snapshot(read.data, provenance), ...ofPayment(read.data) };
  }
}

/** A 404 to an authenticated read is an observation too: of nothing, at that moment. */
export const observeAbsence = (objectId: string, provenance: Provenance): Observation => ({
  object_type: 'absent',
  object_id: objectId,
  ...seen(provenance),
});

const seen = (provenance: Provenance) => ({
  source: provenance.source,
  observed_at: provenance.observedAt.toISOString(),
  provider_date: provenance.providerDate?.toISOString() ?? null,
  ...(provenance.scheme === undefined ? {} : { scheme: provenance.scheme }),
});

const snapshot = (object: Purchase | Payout | Payment, provenance: Provenance) => ({
  ...seen(provenance),
  object_id: object.id,
  reference: object.reference ?? '',
  status: object.status,
  created_on: instantOf(object.created_on),
  updated_on: instantOf(object.updated_on),
  is_test: object.is_test,
  brand_id: object.brand_id,
});

const ofPurchase = ({ purchase, payment, ...rest }: Purchase) => ({
  status_history: statusesOf(rest.status_history),
  marked_as_paid: rest.marked_as_paid,
  currency_converted: rest.currency_conversion !== null,
  total_minor: String(purchase.total),
  total_currency: purchase.currency,
  refundable_minor: rest.refundable_amount == null ? null : String(rest.refundable_amount),
  payment: payment && {
    is_outgoing: payment.is_outgoing,
    fee_minor: String(payment.fee_amount),
    ...money(payment),
  },
});

const ofPayment = ({ payment, related_to: relatedTo, ...rest }: Payment) => ({
  // A refund's own reference is empty (sample 06): the purchase's, which is ours, is the one that helps to match it.
  reference: rest.reference || (relatedTo?.reference ?? ''),
  payment_type: payment.payment_type,
  event_type: rest.event_type ?? null,
  is_outgoing: payment.is_outgoing,
  ...money(payment),
  purchase_id: relatedTo?.type === 'purchase' ? relatedTo.id : null,
});

const money = (raw: { amount: number; currency: string }) => ({
  amount_minor: String(raw.amount),
  currency: raw.currency,
});

/**
 * Each status once, in the order of its first appearance: a payer whose card fails fifty times has a history of a hundred
 * entries, and must still be credited when the next attempt is paid.
 */
function statusesOf(history: Purchase['status_history']): string[] {
  const statuses = [...new Set(history.map((entry) => entry.status))];
  if (statuses.length > statusesMax) throw new NotRevioObject('not a Revio object: status_history');
  return statuses;
}

const instantOf = (unixSeconds: number): string => new Date(unixSeconds * 1000).toISOString();
