import { z } from 'zod';
import { amountText, currency, transactionId } from '#libs/contracts';
import { type Currency, parseAmount } from '#libs/money';
import { problem } from './problems.ts';

/** What is wrong with an amount, in words for people; the codes are those of #libs/money. */
const refusals = {
  not_a_decimal_string: 'Must be a decimal string such as "150.00"',
  too_many_decimals: 'Has more decimals than the currency',
  not_positive: 'Must be above zero',
  too_large: 'Is too large',
} as const;

const money = { amount: amountText, currency };

/** An amount is only exact together with its currency, so the two are read at once (M8). */
function exact<Body extends { amount: unknown; currency: Currency }>(body: Body, ctx: z.RefinementCtx) {
  const parsed = parseAmount(body.amount, body.currency);
  if (parsed.ok) return { ...body, amountMinor: parsed.amountMinor };
  const { refusal: code } = parsed;
  ctx.addIssue({ code: 'custom', path: ['amount'], params: { code }, message: refusals[code] });
  return z.NEVER;
}

export const depositBody = z.strictObject(money).transform(exact);
export const withdrawalBody = z.strictObject({ ...money, bank_account_id: z.uuid() }).transform(exact);

/** A name without control characters: it goes on bank statements. */
const line = (charactersMax: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(charactersMax)
    .regex(/^[^\p{C}]+$/u, 'Must be one line of text');

/** In the admin's own words; it stays with the act. */
const note = line(500);
export const approvalBody = z.strictObject({ note: note.optional() }).default({});
export const rejectionBody = z.strictObject({ note });

export const bankAccountBody = z.strictObject({
  /**
   * South African universal branch codes have six digits; SWIFT codes have up to 11 characters, letters among them. No more than eight digits
   * alone: this is kept and shown as it is, and whoever mixes up two fields sends an account number.
   */
  bank_code: z.string().regex(/^([0-9]{3,8}|(?=[0-9]*[A-Za-z])[A-Za-z0-9]{3,11})$/),
  /** Nine to eleven digits in South Africa; up to 20 elsewhere. */
  account_number: z.string().regex(/^[0-9]{5,20}$/),
  account_holder: line(100),
  bank_name: line(64).optional(),
});

/** The same of a bank account. Throws `not_found`. */
export function readBankAccountId(raw: string): string {
  if (!z.uuid().safeParse(raw).success) throw problem('not_found');
  return raw;
}

/** An id of the form that ours have; anything else names nothing. Throws `transaction_not_found`. */
export function readTransactionId(raw: string): string {
  if (!transactionId.safeParse(raw).success) throw problem('transaction_not_found');
  return raw;
}
