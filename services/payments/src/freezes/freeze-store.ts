import type { Currency } from '#libs/money';

/** As the wallet tells it; `userId` and `currency` null for a freeze of everything. */
export interface Freeze {
  id: string;
  userId: string | null;
  currency: Currency | null;
  lifted: boolean;
}

export interface FreezeTx {
  /** Keeps payouts from being leased and intended (`leaseDue`, `recordIntent`). In any order and any number of times: what is lifted once stays lifted. */
  noteFreeze(freeze: Freeze): Promise<void>;
}
