import { AsyncLocalStorage } from 'node:async_hooks';

/** What the inbox said last to the handler that runs now: a transaction that is run again claims again. */
export interface Claims {
  duplicate: boolean;
}

const storage = new AsyncLocalStorage<Claims>();

/** Beside the transaction, not through it: handlers need not say what they did only to have it counted. */
export const watchClaims = <R>(claims: Claims, handle: () => R): R => storage.run(claims, handle);

export function noteClaim(isFirst: boolean): void {
  const claims = storage.getStore();
  if (claims !== undefined) claims.duplicate = !isFirst;
}
