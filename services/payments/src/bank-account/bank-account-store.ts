/** A stored bank account: number and holder are sealed, since nothing needs them but the payout and its owner (M10, A8). */
export interface BankAccount {
  id: string;
  userId: string;
  bankCode: string;
  bankName: string | null;
  detailsSealed: string;
  createdAt: Date;
  /** When its owner removed it. It stays for the withdrawals that are on their way to it. */
  removedAt: Date | null;
}

export interface BankAccountTx {
  /** Before adding one: until this transaction ends nobody else adds an account of this user. */
  lockBankAccounts(userId: string): Promise<void>;
  insertBankAccount(account: BankAccount): Promise<void>;
  /** The user's own only, removed or not: other people's do not exist for them. */
  findBankAccount(userId: string, id: string): Promise<BankAccount | undefined>;
  /** No-op where it is removed already. */
  removeBankAccount(userId: string, id: string, at: Date): Promise<void>;
  /** Newest first, without the removed ones. */
  listBankAccounts(userId: string, limit: number): Promise<BankAccount[]>;
}
