import { z } from 'zod';

// What the API accepts (REVIO.md §3 and §4, samples 01, 07, 09, 13). Unknown fields are ignored, as the platform does.

/** Free text on the wire; the platform's own limits are unknown, so this only keeps records small. */
const text = z.string().max(1000);
const reference = z.string().max(128).default('');
/** Minor units. `int` refuses fractions and whatever a double cannot carry exactly. */
const amount = z.int().positive();
const currency = z.string().regex(/^[A-Z]{3}$/, 'Enter a valid currency code.');
const link = z
  .url({ protocol: /^https?$/ })
  .max(2000)
  .nullable()
  .default(null);

const client = z.object({
  email: z.email().max(254),
  phone: text.default(''),
  full_name: text.default(''),
  country: text.default(''),
  city: text.default(''),
  state: text.default(''),
  zip_code: text.default(''),
  street_address: text.default(''),
  bank_account: text.default(''),
  bank_code: text.default(''),
  personal_code: text.default(''),
  legal_name: text.default(''),
  registration_number: text.default(''),
});

const product = z.object({
  name: text.min(1),
  price: z.int().nonnegative(),
  discount: z.int().nonnegative().default(0),
  category: text.default(''),
  quantity: z
    .union([z.int().positive(), z.string().regex(/^\d{1,9}(\.\d{1,4})?$/)])
    .default('1')
    .transform(String),
});

export const purchaseRequestSchema = z.object({
  client,
  purchase: z.object({
    currency,
    // A hundred lines is more than any basket; ours has one.
    products: z.array(product).min(1).max(100),
    due_strict: z.boolean().default(false),
    timezone: text.default('UTC'),
    language: text.default('en'),
    notes: text.default(''),
    single_attempt: z.boolean().default(false),
    metadata: z.record(z.string(), z.unknown()).default({}),
  }),
  brand_id: text,
  reference,
  due: z.int().positive().optional(),
  send_receipt: z.boolean().default(false),
  platform: text.default('api'),
  creator_agent: text.default(''),
  success_redirect: link,
  failure_redirect: link,
  cancel_redirect: link,
  success_callback: link,
});
export type PurchaseRequest = z.infer<typeof purchaseRequestSchema>;

export const refundRequestSchema = z.object({ amount: amount.optional() });

export const payoutRequestSchema = z.object({
  client,
  payment: z.object({ amount, currency, description: text.default('') }),
  brand_id: text,
  reference,
  sender_name: text.default(''),
});
export type PayoutRequest = z.infer<typeof payoutRequestSchema>;

/** (?) Known from one sister brand only (REVIO.md §4, sample 09). */
export const bankExecutionSchema = z.object({
  payout_type: z.literal('bank'),
  bank_name: text.default(''),
  bank_code: text.min(1),
  bank_account_name: text.min(1),
  bank_account_number: z.string().regex(/^\d{4,34}$/, 'Enter a valid account number.'),
});

export const webhookRequestSchema = z.object({
  title: text.min(1),
  all_events: z.boolean().default(false),
  events: z.array(text).max(100).default([]),
  callback: z.url({ protocol: /^https?$/ }).max(2000),
});
