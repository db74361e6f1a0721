import { Deliveries1763800000100 } from './1763800000100-deliveries.ts';

/** In order. What has been released is never changed; a correction is a new one. */
export const migrations = [Deliveries1763800000100];
