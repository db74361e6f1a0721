import { Ledger1763800000200 } from './1763800000200-ledger.ts';
import { Adjustments1795389600200 } from './1795389600200-adjustments.ts';
import { Freezes1795400000210 } from './1795400000210-freezes.ts';

/** In order. What has been released is never changed; a correction is a new one. */
export const migrations = [Ledger1763800000200, Adjustments1795389600200, Freezes1795400000210];
