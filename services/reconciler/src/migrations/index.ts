import { Reconciliation1763800000400 } from './1763800000400-reconciliation.ts';

/** In order. What has been released is never changed; a correction is a new one. */
export const migrations = [Reconciliation1763800000400];
