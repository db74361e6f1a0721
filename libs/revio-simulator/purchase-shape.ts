import type { Settings } from './platform.ts';
import type { Purchase } from './state.ts';
import { brandOf, COMPANY_ID, clientShape, maskedPan, paymentShape } from './wire-parts.ts';

function cardAttemptShape({ card, failure, atS }: Purchase['attempts'][number], clientIp: string) {
  return {
    flow: 'payform',
    type: 'execute',
    error: failure,
    extra: {
      card_type: 'debit',
      card_brand: brandOf(card),
      masked_pan: maskedPan(card),
      card_issuer: '',
      expiry_year: card.expiryYear % 100,
      expiry_month: card.expiryMonth,
      cardholder_name: card.holder,
      card_issuer_country: 'ZA',
    },
    country: 'ZA',
    client_ip: clientIp,
    fee_amount: 0,
    successful: failure === null,
    payment_method: brandOf(card),
    processing_time: atS,
  };
}

function purchaseDetails(purchase: Purchase) {
  const asked = purchase.request.purchase;
  return {
    debt: 0,
    notes: asked.notes,
    total: purchase.amountMinor,
    currency: asked.currency,
    language: asked.language,
    metadata: asked.metadata,
    products: asked.products.map((line) => ({
      ...line,
      quantity: Number(line.quantity).toFixed(4),
      tax_percent: '0.00',
    })),
    timezone: asked.timezone,
    due_strict: asked.due_strict,
    email_message: '',
    single_attempt: asked.single_attempt,
    total_override: null,
    shipping_options: [],
    subtotal_override: null,
    total_tax_override: null,
    has_upsell_products: false,
    payment_method_details: {},
    request_client_details: [],
    total_discount_override: null,
  };
}

const ISSUER = {
  website: '',
  brand_name: 'Example Wallet',
  legal_city: 'Cape Town',
  legal_name: 'Example Wallet (Pty) Ltd',
  tax_number: '',
  bank_accounts: [{ bank_code: '', bank_account: '' }],
  legal_country: 'ZA',
  legal_zip_code: '8001',
  registration_number: '',
  legal_street_address: '1 Example Street',
};

/** Minor units that can still be refunded; nothing can after a chargeback, and nothing came in when it was marked as paid. */
export function refundableMinor(purchase: Purchase): number {
  const refundable = purchase.paid !== null && (purchase.status === 'paid' || purchase.status === 'refunded');
  return refundable ? paidMinor(purchase) - purchase.refundedMinor : 0;
}

/** What came in; before that what was asked for. */
export const paidMinor = ({ paid, amountMinor }: Purchase): number => paid?.amountMinor ?? amountMinor;

/** A Purchase (samples 02 and 05). */
export function purchaseShape(purchase: Purchase, settings: Settings) {
  const { request, paid } = purchase;
  const pageUrl = `${settings.publicUrl}/p/${purchase.id}/`;
  const refundable = refundableMinor(purchase);
  const lastGood = purchase.attempts.findLast((attempt) => attempt.failure === null);
  return {
    id: purchase.id,
    due: purchase.dueAtS,
    type: 'purchase' as const,
    client: clientShape(request.client),
    issued: new Date(purchase.createdAtS * 1000).toISOString().slice(0, 10),
    status: purchase.status,
    is_test: true,
    payment:
      paid === null
        ? null
        : paymentShape('purchase', false, {
            amountMinor: paidMinor(purchase),
            feeMinor: paid.feeMinor,
            currency: request.purchase.currency,
            description: '',
            paidAtS: paid.atS,
          }),
    product: 'purchases',
    user_id: null,
    brand_id: request.brand_id,
    order_id: null,
    platform: request.platform,
    purchase: purchaseDetails(purchase),
    client_id: purchase.clientId,
    reference: request.reference,
    viewed_on: purchase.viewedAtS,
    company_id: COMPANY_ID,
    created_on: purchase.createdAtS,
    updated_on: purchase.updatedAtS,
    invoice_url: null,
    can_retrieve: false,
    checkout_url: paid === null ? pageUrl : `${pageUrl}invoice/`,
    send_receipt: request.send_receipt,
    skip_capture: false,
    creator_agent: request.creator_agent,
    referral_code: null,
    can_chargeback: false,
    issuer_details: ISSUER,
    marked_as_paid: purchase.markedAsPaid,
    status_history: [...purchase.history],
    cancel_redirect: request.cancel_redirect,
    created_from_ip: purchase.clientIp,
    direct_post_url: paid === null ? pageUrl : null,
    force_recurring: false,
    recurring_token: null,
    failure_redirect: request.failure_redirect,
    success_callback: request.success_callback,
    success_redirect: request.success_redirect,
    transaction_data: {
      flow: 'payform',
      extra: {},
      country: '',
      attempts: purchase.attempts.map((attempt) => cardAttemptShape(attempt, purchase.clientIp)).reverse(),
      payment_method: lastGood ? brandOf(lastGood.card) : '',
    },
    upsell_campaigns: [],
    refundable_amount: refundable,
    is_recurring_token: false,
    billing_template_id: null,
    currency_conversion: null,
    reference_generated: `RV${purchase.sequence}`,
    refund_availability: refundable > 0 ? 'all' : 'none',
    referral_campaign_id: null,
    retain_level_details: null,
    referral_code_details: null,
    referral_code_generated: null,
    payment_method_whitelist: null,
  };
}

export type PurchaseWire = ReturnType<typeof purchaseShape>;
