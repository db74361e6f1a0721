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
