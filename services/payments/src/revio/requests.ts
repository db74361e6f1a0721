import type { Payee, PayoutOrder, PurchaseOrder } from './provider.ts';

/** Bodies as samples 01, 07 and 09 have them. Amounts are JSON integers: ours end at 10^12, far below 2^53. */

interface Brand {
  brandId: string;
  /** Where the payer's browser returns to. */
  publicUrl: string;
}

const agent = 'piggybank/1.0';

export const purchaseBody = (order: PurchaseOrder, { brandId, publicUrl }: Brand) => ({
  client: { email: order.email },
  purchase: {
    currency: order.currency,
    products: [{ name: 'Wallet top-up', price: Number(order.amountMinor), quantity: '1' }],
    // Nobody pays an expired purchase by mistake; that it can still happen is why late payments are credited (REVIO.md section 3).
    due_strict: true,
    metadata: { wallet_tx: order.reference },
  },
  brand_id: brandId,
  reference: order.reference,
  due: Math.floor(order.dueAt.getTime() / 1000),
  send_receipt: false,
  creator_agent: agent,
  success_redirect: `${publicUrl}/deposits/${order.reference}/return`,
  failure_redirect: `${publicUrl}/deposits/${order.reference}/failed`,
  cancel_redirect: `${publicUrl}/deposits/${order.reference}/cancelled`,
});

export const payoutBody = ({ reference, amountMinor, currency, email, payee }: PayoutOrder, { brandId }: Brand) => ({
  client: {
    email,
    full_name: payee.holder,
    country: 'ZA',
    bank_account: payee.accountNumber,
    bank_code: payee.bankCode,
  },
  payment: { amount: Number(amountMinor), currency, description: `Wallet withdrawal ${reference}` },
  reference,
  brand_id: brandId,
});

/** (?) The bank body is known from a sister brand only; to be confirmed with Revio (REVIO.md section 7). */
export const executionBody = (payee: Payee) => ({
  payout_type: 'bank',
  ...(payee.bankName === null ? {} : { bank_name: payee.bankName }),
  bank_code: payee.bankCode,
  bank_account_name: payee.holder,
  bank_account_number: payee.accountNumber,
});
