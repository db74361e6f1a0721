import type { Observation } from '#libs/contracts';
import { problem } from './problems.ts';
import type { NoteUnavailable, Provider } from './revio/provider.ts';

/** What the reconciler waits when Revio does not say: its own timeout's length. */
const retryAfterS = 10;

/** A fresh, authenticated read for the reconciler; an absent object is an observation too. Throws 503 `provider_unavailable`. */
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
  const waitS = answer.retryAfterMs === null ? retryAfterS : Math.ceil(answer.retryAfterMs / 1000);
  throw problem('provider_unavailable', { headers: { 'retry-after': String(waitS) } });
}
