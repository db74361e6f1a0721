/** What was answered to a request, word for word. */
export interface Answer {
  status: number;
  body: string;
}

/** A client's `Idempotency-Key`, which belongs to its user: the request that first came with it, and what that was answered. */
export interface IdempotencyKey {
  userId: string;
  key: string;
  /** Of the operation and its validated input, so that `"150"` and `"150.00"` are the same request. */
  inputHash: string;
  transactionId: string;
  /** Null until the first answer is given. */
  answer: Answer | null;
  createdAt: Date;
}

export interface IdempotencyTx {
  /** Insert first, look only then: the key as it is stored, and whether it is this one. */
  claimKey(key: IdempotencyKey): Promise<{ stored: IdempotencyKey; inserted: boolean }>;
  findKey(userId: string, key: string): Promise<IdempotencyKey | undefined>;
  /** The first answer stays; returned is the one that stands, which every repeat gets. */
  storeAnswer(transactionId: string, answer: Answer): Promise<Answer>;
}
