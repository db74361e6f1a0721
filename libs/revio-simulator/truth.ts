import type { SimClock } from './clock.ts';
import { paidMinor } from './purchase-shape.ts';
import type { Books, Payout, Purchase } from './state.ts';

/** A row of `audit.provider` (audit-contract.sql): what really happened to the money, in the audit's words. */
export type ProviderRow = {
  object_id: string;
  kind: 'purchase' | 'payout' | 'refund';
  reference: string;
  currency: string;
  amount_minor: string;
  status: string;
};

function purchaseStatus(purchase: Purchase): string {
  // The status says paid, but no money came in: for the books it is as if nobody had paid yet.
  if (purchase.markedAsPaid) return 'created';
  switch (purchase.status) {
    case 'paid':
    case 'refunded':
    case 'chargeback':
    case 'cancelled':
      return purchase.status;
    case 'error':
      return 'failed';
    default:
      return 'created';
  }
}

function payoutStatus(payout: Payout, nowMs: number): string {
  switch (payout.status) {
    case 'initialized':
      return nowMs >= payout.windowEndsMs ? 'expired' : 'initialized';
    case 'error':
      return { execute: 'error', bank: 'failed', return: 'reversed' }[payout.failure?.by ?? 'execute'];
    default:
      return payout.status;
  }
}

/**
 * Every object, in the order of creation. `refund` rows are all money that went back to payers: the contract has no kind of
 * its own for the Payment of a chargeback, so it is a refund row under a purchase whose status says chargeback.
 */
export function providerTruth(books: Books, clock: SimClock): ProviderRow[] {
  const rows: ProviderRow[] = [];
  for (const purchase of books.purchases.values()) {
    rows.push({
      object_id: purchase.id,
      kind: 'purchase',
      reference: purchase.request.reference,
      currency: purchase.request.purchase.currency,
      amount_minor: String(paidMinor(purchase)),
      status: purchaseStatus(purchase),
    });
  }
  for (const payment of books.payments.values()) {
    const purchase = books.purchases.get(payment.purchaseId);
    if (purchase === undefined) continue;
    rows.push({
      object_id: payment.id,
      kind: 'refund',
      reference: purchase.request.reference,
      currency: purchase.request.purchase.currency,
      amount_minor: String(payment.amountMinor),
      status: 'success',
    });
  }
  for (const payout of books.payouts.values()) {
    rows.push({
      object_id: payout.id,
      kind: 'payout',
      reference: payout.request.reference,
      currency: payout.request.payment.currency,
      amount_minor: String(payout.request.payment.amount),
      status: payoutStatus(payout, clock.nowMs()),
    });
  }
  return rows;
}
