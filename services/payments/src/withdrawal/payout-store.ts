/** A payout as Revio prepared it: an object that moves nothing until its `executionUrl` is called (REVIO.md section 4). */
export interface PreparedPayout {
  payoutId: string;
  transactionId: string;
  executionUrl: string;
  /** Revio's time, 1 s resolution: what its execution window counts from. */
  createdOn: Date;
  /** Ours, from before the call that created it: never later than Revio's, whatever its clock says. */
  requestedAt: Date;
  /** Set when it became too old to be executed and another one took its place. */
  deadAt: Date | null;
}

export interface PayoutTx {
  /** Throws on `payouts_one_alive` if the withdrawal has a payout that is not dead. */
  insertPayout(payout: PreparedPayout): Promise<void>;
  findPayout(payoutId: string): Promise<PreparedPayout | undefined>;
  buryPayout(payoutId: string, at: Date): Promise<void>;
}
