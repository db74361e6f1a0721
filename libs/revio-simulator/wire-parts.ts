import type { Card, Purchase } from './state.ts';

// Parts of the objects as the wire shows them: every field of the revio-samples, filled or with its empty value.

/** Any constant will do: one simulator is one company. */
export const COMPANY_ID = 'a4f0e0c2-7b1d-4f6c-8c55-9e21d7b3c9aa';

export function clientShape(given: Purchase['request']['client']) {
  return {
    ...given,
    cc: [],
    bcc: [],
    brand_name: '',
    tax_number: '',
    client_type: null,
    shipping_city: '',
    shipping_state: '',
    delivery_methods: [{ method: 'email', options: {} }],
    shipping_country: '',
    shipping_zip_code: '',
    shipping_street_address: '',
  };
}

type Movement = {
  amountMinor: number;
  feeMinor: number;
  currency: string;
  description: string;
  paidAtS: number | null;
};

/** amount = net + fee + pending (REVIO.md §3). */
export function paymentShape(kind: string, isOutgoing: boolean, movement: Movement) {
  return {
    amount: movement.amountMinor,
    paid_on: movement.paidAtS,
    currency: movement.currency,
    fee_amount: movement.feeMinor,
    net_amount: movement.amountMinor - movement.feeMinor,
    description: movement.description,
    is_outgoing: isOutgoing,
    payment_type: kind,
    pending_amount: 0,
    remote_paid_on: movement.paidAtS,
    owned_bank_code: null,
    owned_bank_account: null,
    pending_unfreeze_on: null,
    owned_bank_account_id: null,
  };
}

export function brandOf(card: Card): string {
  return card.number.startsWith('4') ? 'visa' : 'mastercard';
}

export function maskedPan(card: Card): string {
  return `${card.number.slice(0, 6)}******${card.number.slice(-4)}`;
}
