/** Something that no rule may settle: a human must look. One per cause and what it is about. */
export interface Case {
  id: string;
  cause: string;
  /** The object's or posting's id, or where there is none the transaction's. */
  about: string;
  transactionId: string | null;
  objectId: string | null;
  /** Ids, statuses and amounts of both sides; nothing personal. */
  evidence: Record<string, unknown>;
  status: 'open';
  openedAt: Date;
}
