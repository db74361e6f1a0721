import { z } from 'zod';
import { amountText, currency, userId } from '#libs/contracts';
import { type Currency, parseAmount } from '#libs/money';
import type { CasePlace } from './cases/case.ts';

/** What a person writes; long enough to say where it can be looked up. */
const text = z.string().trim().min(1).max(2_000);
const reasonCode = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/, 'Must be a word such as goodwill or bank_confirmed');
const grounds = { reason_code: reasonCode, evidence: text };

function exact(amount: unknown, of: Currency, ctx: z.RefinementCtx): bigint {
  const parsed = parseAmount(amount, of);
  if (parsed.ok) return parsed.amountMinor;
  ctx.addIssue({
    code: 'custom',
    path: ['amount'],
    params: { code: parsed.refusal },
    message: 'Must be like "150.00"',
  });
  return z.NEVER;
}

export const assignBody = z.strictObject({ assignee: userId.optional() });
export const noteBody = z.strictObject({ note: text });
export const decisionBody = z.strictObject({ note: text.optional() }).default({});

export const adjustmentBody = z
  .strictObject({
    user_id: userId,
    currency,
    amount: amountText,
    direction: z.enum(['credit', 'debit']),
    case_id: z.uuid().optional(),
    ...grounds,
  })
  .transform(({ amount, ...body }, ctx) => ({ ...body, amountMinor: exact(amount, body.currency, ctx) }));

/** Only a credit names an amount: a payout's is that of its hold. */
export const resolutionBody = z.discriminatedUnion('outcome', [
  z.strictObject({ outcome: z.enum(['executed', 'not_executed']), ...grounds }).transform((body) => ({
    ...body,
    amountMinor: null,
  })),
  z
    .strictObject({ outcome: z.literal('credit_this_purchase'), amount: amountText, currency, ...grounds })
    .transform(({ amount, currency: of, ...body }, ctx) => ({ ...body, amountMinor: exact(amount, of, ctx) })),
]);

/** As many as a person reads through. */
export const listMax = 100;

/** `<milliseconds>_<uuid>` of the last case of the page before; opaque to whoever carries it. */
const casesCursor = z
  .base64url()
  .max(128)
  .transform((encoded, ctx): CasePlace => {
    const [, ms, id] = /^(\d{1,14})_([0-9a-f-]{36})$/.exec(Buffer.from(encoded, 'base64url').toString('latin1')) ?? [];
    if (ms !== undefined && id !== undefined && z.uuid().safeParse(id).success)
      return { openedAt: new Date(Number(ms)), id };
    ctx.addIssue({ code: 'custom', message: 'is none of ours' });
    return z.NEVER;
  });

export const casesCursorOf = ({ openedAt, id }: CasePlace): string =>
  Buffer.from(`${openedAt.getTime()}_${id}`).toString('base64url');

export const casesQuery = z.strictObject({
  status: z.enum(['open', 'in_review', 'resolved', 'dismissed']).optional(),
  cause: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,63}$/, 'Must be a word such as unknown_outcome')
    .optional(),
  cursor: casesCursor.optional(),
  limit: z
    .string()
    .regex(/^[1-9][0-9]{0,2}$/)
    .transform(Number)
    .pipe(z.number().max(listMax))
    .default(listMax),
});
export const proposalsQuery = z.strictObject({
  state: z.enum(['proposed', 'rejected', 'approved', 'executed', 'failed']).optional(),
});
