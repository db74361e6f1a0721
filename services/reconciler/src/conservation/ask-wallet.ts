import { signInternalToken } from '#libs/auth';
import { type FedPosting, postingsFound, postingsPage } from '#libs/contracts';
import type { HttpClient } from '#libs/http';
import type { Source } from './conservation-store.ts';

/** Enough for one call and its second try. */
const tokenTtlS = 60;

type PostingsPage = {
  postings: FedPosting[];
  next: string | null;
  /** When the oldest posting was made that is there and cannot be shown yet. */
  heldBackSince: Date | null;
};

/** The ledger's side of the comparison. Both throw when the wallet cannot be asked or answers with something else: no answer is no zero. */
export interface Postings {
  /** The next ones after the cursor, at most `limit`, and the cursor after them; null when nothing was ever posted. */
  page(after: string | null, limit: number): Promise<PostingsPage>;
  /** Those of these sources that are posted, as they are now. */
  find(sources: readonly Source[]): Promise<FedPosting[]>;
}

export function askWallet(wallet: HttpClient, key: Buffer): Postings {
  const authorization = () => {
    const actor = { kind: 'service', service: 'reconciler' } as const;
    return { authorization: `Bearer ${signInternalToken(key, { audience: 'wallet', actor, ttlS: tokenTtlS })}` };
  };
  const ask = async (request: { method: 'GET' | 'POST'; path: string; json?: unknown }): Promise<unknown> => {
    const { status, body } = await wallet.request({ ...request, headers: authorization(), idempotent: true });
    if (status !== 200) throw new Error(`the wallet answered ${status} to ${request.method} ${request.path}`);
    return JSON.parse(body);
  };
  return {
    page: async (after, limit) => {
      const path = `/postings?limit=${limit}${after === null ? '' : `&after=${after}`}`;
      const page = postingsPage.parse(await ask({ method: 'GET', path }));
      const heldBackSince = page.held_back_since === null ? null : new Date(page.held_back_since);
      return { postings: page.data, next: page.next, heldBackSince };
    },
    find: async (sources) => {
      if (sources.length === 0) return [];
      const wanted = sources.map(({ kind, sourceId }) => ({ kind, source_id: sourceId }));
      return postingsFound.parse(await ask({ method: 'POST', path: '/posting-lookups', json: { sources: wanted } }))
        .data;
    },
  };
}
