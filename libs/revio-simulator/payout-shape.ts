import type { Settings } from './platform.ts';
import type { Payout } from './state.ts';
import { COMPANY_ID, clientShape, paymentShape } from './wire-parts.ts';

function payoutAttempts(payout: Payout) {
  if (payout.status !== 'success' && payout.failure === null) return [];
  const { failure } = payout;
  return [
    {
      flow: 'payform',
      error: failure === null ? null : { code: failure.code, message: failure.message },
      extra: {},
      country: '',
      client_ip: '',
      successful: failure === null,
      payment_method: 'bank',
      processing_time: payout.updatedAtS,
    },
  ];
}

/** A Payout (samples 08, 10 and 11). */
export function payoutShape(payout: Payout, settings: Settings) {
  const { request } = payout;
  return {
    id: payout.id,
    type: 'payout' as const,
    client: clientShape(request.client),
    status: payout.status,
    is_test: true,
    payment: paymentShape('payout', true, {
      amountMinor: request.payment.amount,
      feeMinor: 0,
      currency: request.payment.currency,
      description: request.payment.description,
      paidAtS: payout.paidAtS,
    }),
    user_id: null,
    brand_id: request.brand_id,
    reference: request.reference,
    company_id: COMPANY_ID,
    created_on: payout.createdAtS,
    updated_on: payout.updatedAtS,
    sender_name: request.sender_name,
    execution_url: `${settings.publicUrl}/po/${payout.id}/bank/`,
    status_history: [...payout.history],
    transaction_data: {
      flow: 'payform',
      extra: {},
      country: '',
      attempts: payoutAttempts(payout),
      payment_method: payout.status === 'success' ? 'bank' : '',
    },
    reference_generated: String(payout.sequence),
    recipient_card_brand: null,
    recipient_card_country: '',
  };
}

export type PayoutWire = ReturnType<typeof payoutShape>;
