import { Problem } from '#libs/http';
import type { Receipt } from './receive-delivery.ts';

/** Every refusal of this service; `null` is a 200. `unverified` is the same for every reason: a forger learns nothing from it. */
export const refusals: Record<Receipt, Problem | null> = {
  accepted: null,
  stored: null,
  duplicate: null,
  refused: new Problem('not_an_event', 422, { title: 'The body is not an event' }),
  unverified: new Problem('invalid_signature', 401, { title: 'The signature is missing or wrong' }),
  not_allowed: new Problem('address_not_allowed', 403, { title: 'This address may not deliver here' }),
};
