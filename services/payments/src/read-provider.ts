import type { Observation } from '#libs/contracts';
import { problem } from './problems.ts';
import type { NoteUnavailable, Provider, UnavailableCause } from './revio/provider.ts';

/** Revio answered, and the answer about this object is of no use. All other causes may hold for every object. */
const ofTheObject: ReadonlySet<UnavailableCause> = new Set(['refused', 'not_found', 'too_large', 'unusable']);

/**
 * A fresh, authenticated read for the reconciler; an absent object is an observation too. Throws 502 `provider_object_unreadable` for
 * what concerns this object alone, else 503 `provider_unavailable`, with Retry-After only where Revio named a time.
 */
export async function readProvider(
  deps: {
    provider: Pick<Provider, 'readPurchase' | 'readPayout'>;
    noteUnavailable: NoteUnavailable;
  },
  input: { object_type: 'purchase' | 'payout'; object_id: string },
): Promise<{ observation: Observation }> {
  const read = deps.provider[input.object_type === 'purchase' ? 'readPurchase' : 'readPayout'];
  const answer = await read(input.object_id);
  if (answer.kind === 'read') return { observation: answer.observation };
  deps.noteUnavailable('read', answer);
  if (ofTheObject.has(answer.cause)) throw problem('provider_object_unreadable');
  const { retryAfterMs } = answer;
  const headers = retryAfterMs === null ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) };
  throw problem('provider_unavailable', { headers });
}
