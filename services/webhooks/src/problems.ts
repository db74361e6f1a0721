import { Problem } from '#libs/http';
import type { Receipt } from './receive-delivery.ts';

/** Every refusal of this service; `null` is a 200. `unverified` is the same for every reason: a forger learns nothing from it. */
export const refusals: Record<Receipt, Problem | null> = {
  accepted: null,
  stored: null,
  duplicate: null,
  refused: new Problem('not_an_event', 422, { title: 'The body is not an event' }),
  unverified: new Problem('invalid_signature', 401, { title: 'The signature is missing or wrong' }),
};

export const unknownTransactionId = new Problem('validation_failed', 422, {
  title: 'The request does not fit its schema',
  detail: 'The query needs one transaction_id: dep_, wd_ or rev_ and 26 characters',
});
