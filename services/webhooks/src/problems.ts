import { Problem } from '#libs/http';
import type { Receipt } from './receive-delivery.ts';

/** Every refusal of this service but that of the limit; `null` is a 200. `unverified` is the same for every reason: a forger learns nothing from it. */
export const refusals: Record<Exclude<Receipt, 'limited'>, Problem | null> = {
  accepted: null,
  stored: null,
  duplicate: null,
  refused: new Problem('not_an_event'),
  unverified: new Problem('invalid_signature'),
  not_allowed: new Problem('address_not_allowed'),
};
