import type { Payment, Purchase } from './state.ts';
import { brandOf, COMPANY_ID, clientShape, maskedPan, paymentShape } from './wire-parts.ts';

/** A refund or chargeback; the purchase it belongs to is in `related_to` (sample 06). */
export function refundShape(payment: Payment, purchase: Purchase) {
  const { request } = purchase;
  const lastGood = purchase.attempts.findLast((attempt) => attempt.failure === null);
  return {
    id: payment.id,
    type: 'payment' as const,
    client: { ...clientShape(request.client), client_id: purchase.clientId, first_name: '', last_name: '' },
    status: payment.status,
    is_test: true,
    payment: paymentShape(payment.type, true, {
      amountMinor: payment.amountMinor,
      feeMinor: 0,
      currency: request.purchase.currency,
      description: `${payment.type === 'refund' ? 'Refund' : 'Chargeback'}: ${request.reference}`,
      paidAtS: payment.createdAtS,
    }),
    user_id: null,
    brand_id: request.brand_id,
    reference: '',
    company_id: COMPANY_ID,
    created_on: payment.createdAtS,
    fee_amount: 0,
    related_to: { id: purchase.id, type: 'purchase', reference: request.reference },
    updated_on: payment.updatedAtS,
    account_extra: {},
    account_fx_rate: null,
    transaction_data: {
      flow: 'payform',
      extra: { amount: payment.amountMinor, ...(lastGood ? { masked_pan: maskedPan(lastGood.card) } : {}) },
      country: 'ZA',
      payment_method: lastGood ? brandOf(lastGood.card) : '',
    },
    audit_log_entries: [],
    account_fx_currency: null,
    currency_conversion: null,
    reference_generated: String(payment.sequence),
    refund_availability: 'none',
    account_fx_buy_amount: null,
  };
}

export type PaymentWire = ReturnType<typeof refundShape>;
