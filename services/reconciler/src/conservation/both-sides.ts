import type { FedPosting } from '#libs/contracts';
import type { Sql } from '#libs/db';
import type { Postings } from './ask-wallet.ts';
import { compare, type Side } from './compare.ts';
import { type Claimed, claimedOf, type Source } from './conservation-store.ts';

/** A source as both sides have it at this moment. */
export type Compared = {
  source: Source;
  posting: FedPosting | null;
  claimed: Claimed | null;
  /** Null when they agree. */
  difference: readonly string[] | null;
};

/** Asks both sides about these sources, now. The provider's side first: its posting comes after it, so it cannot be missed between. */
export async function bothSides(sql: Sql, postings: Postings, sources: readonly Source[]): Promise<Compared[]> {
  const claims = await claimedOf(sql, sources);
  const pairs = sources.map((source) => {
    const claimed = claims.find((one) => isOf(one, source)) ?? null;
    return { source, claimed, posted: { ...source, sourceId: claimed?.sourceId ?? source.sourceId } };
  });
  const found = await postings.find(pairs.map(({ posted }) => posted));
  return pairs.map(({ source, claimed, posted }) => {
    const posting = found.find((one) => one.kind === posted.kind && one.source_id === posted.sourceId) ?? null;
    return { source, posting, claimed, difference: differenceOf(posting, claimed) };
  });
}

/** A payout that nobody had claimed when it was first seen stands under its own id, also once it is known whose it is. */
const isOf = (claimed: Claimed, { kind, sourceId }: Source): boolean =>
  claimed.kind === kind &&
  (claimed.sourceId === sourceId || (kind === 'settlement' && claimed.objectIds.includes(sourceId)));

function differenceOf(posting: FedPosting | null, claimed: Claimed | null): readonly string[] | null {
  const ours = posting === null ? null : sideOf(posting);
  const difference = compare(ours, claimed);
  // What the posting's row says and what its entries moved are two things only if somebody has changed one of them.
  const moved =
    ours === null || ours.gainedMinor === 0n || abs(ours.gainedMinor) === BigInt(posting?.amount_minor ?? 0);
  return moved ? difference : [...(difference ?? []), 'entries'];
}

const sideOf = (posting: FedPosting): Side => ({
  transactionId: posting.transaction_id,
  userId: posting.user_id,
  currency: posting.currency,
  gainedMinor: BigInt(posting.system_minor),
});

const abs = (amount: bigint): bigint => (amount < 0n ? -amount : amount);

/** Both sides as evidence: ids and amounts, nothing personal. */
export const evidenceOf = ({ source, posting, claimed, difference }: Compared): Record<string, unknown> => ({
  kind: source.kind,
  source_id: source.sourceId,
  difference,
  ledger: posting,
  provider:
    claimed === null
      ? null
      : {
          object_ids: claimed.objectIds,
          transaction_id: claimed.transactionId,
          user_id: claimed.userId,
          currency: claimed.currency,
          system_minor: claimed.gainedMinor.toString(),
          noted_at: claimed.notedAt.toISOString(),
        },
});
