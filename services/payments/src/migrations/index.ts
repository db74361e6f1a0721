import { Payments1795384800300 } from './1795384800300-payments.ts';
import { PaymentsFreezes1795400000310 } from './1795400000310-freezes.ts';

/** In order. What has been released is never changed; a correction is a new one. */
export const migrations = [Payments1795384800300, PaymentsFreezes1795400000310];
