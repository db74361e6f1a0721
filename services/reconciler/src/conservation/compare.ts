/** One source's money as one of the two says it moved. */
export type Side = {
  /** Null where nobody has said whose it is. */
  transactionId: string | null;
  userId: string | null;
  currency: string;
  /** What the system's accounts gained: a credit of 1.00 is -100, because it left clearing for a user. */
  gainedMinor: bigint;
};

type Difference = 'missing_here' | 'missing_there' | 'amount' | 'currency' | 'user' | 'transaction';

/**
 * I9 for one source: what the ledger posted beside what Revio's objects (or, of an adjustment, two people) say. Null when they agree.
 * Holds and voids moved nothing across the wallet's border, and want no partner.
 */
export function compare(ours: Side | null, theirs: Side | null): readonly Difference[] | null {
  if (ours === null) return theirs === null ? null : ['missing_here'];
  if (theirs === null) return ours.gainedMinor === 0n ? null : ['missing_there'];
  const differences: Difference[] = [];
  if (ours.gainedMinor !== theirs.gainedMinor) differences.push('amount');
  if (ours.currency !== theirs.currency) differences.push('currency');
  if (theirs.userId !== null && ours.userId !== theirs.userId) differences.push('user');
  if (ours.transactionId !== theirs.transactionId) differences.push('transaction');
  return differences.length === 0 ? null : differences;
}
