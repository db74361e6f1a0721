import { z } from 'zod';
import { currency } from '#libs/contracts';

const reason = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/, 'must be a word of lower-case letters, digits and _');

/** `{"scope": "everything"}` says what it does: an owner that was forgotten must not freeze everybody. */
export const freezeBody = z.discriminatedUnion('scope', [
  z
    .strictObject({ scope: z.literal('wallet'), user_id: z.uuid(), currency, reason })
    .transform((body) => ({ owner: { userId: body.user_id, currency: body.currency }, reason: body.reason })),
  z
    .strictObject({ scope: z.literal('everything'), reason })
    .transform((body) => ({ owner: null, reason: body.reason })),
]);

/** A moment that a balance is asked of, with its zone: `2026-03-01T00:00:00+02:00`. */
export const balanceQuery = z.strictObject({
  at: z.iso
    .datetime({ offset: true, error: 'Must be a date and time with its zone, such as 2026-03-01T00:00:00+02:00' })
    .transform((text) => new Date(text))
    .optional(),
});

/** The same, never later than `now`: what will be is not known. */
export const momentQuery = (now: Date) =>
  balanceQuery.superRefine(({ at }, ctx) => {
    if (at === undefined || at <= now) return;
    ctx.addIssue({
      code: 'custom',
      path: ['at'],
      params: { code: 'in_the_future' },
      message: 'Must not be in the future',
    });
  });
