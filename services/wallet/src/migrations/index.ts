import { Ledger1763800000200 } from './1763800000200-ledger.ts';

/** In order. What has been released is never changed; a correction is a new one. */
export const migrations = [Ledger1763800000200];
