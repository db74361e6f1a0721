import { type Entry, genesisHash, hashOf, type Posting } from '../ledger/booking.ts';
import type { Account, Wallet } from '../ledger/ledger.ts';

/** An entry beside what its posting says; a posting that is gone says nothing. */
export type PostedEntry = Entry & { posting: Pick<Posting, 'kind' | 'sourceId' | 'transactionId'> | null };

/** How far a wallet's chain is known to be sound, and what stood there. */
export type Verified = {
  version: bigint;
  lastHash: string;
  availableMinor: bigint;
  heldMinor: bigint;
  receivableMinor: bigint;
};

export const genesis: Verified = {
  version: 0n,
  lastHash: genesisHash,
  availableMinor: 0n,
  heldMinor: 0n,
  receivableMinor: 0n,
};

/** `entry`: the version and line of the first entry that does not follow from those before it, `3:1`. */
export type ChainResult = { sound: true; verified: Verified } | { sound: false; entry: string };

const balances = {
  available: 'availableMinor',
  held: 'heldMinor',
  receivable: 'receivableMinor',
} as const satisfies Partial<Record<Account, keyof Verified>>;

const ownBalance = (account: Account): keyof typeof balances | null =>
  account in balances ? (account as keyof typeof balances) : null;

/**
 * Goes on from what is verified over the wallet's next entries, in order and in whole postings: versions and lines without a gap, each
 * hash over the one before it, running balances that add up and are not negative, the wallet's currency, every posting zero in sum.
 */
export function verifyChain(
  { currency }: Pick<Wallet, 'currency'>,
  from: Verified,
  entries: readonly PostedEntry[],
): ChainResult {
  let verified = from;
  let line = 0;
  let openMinor = 0n; // what the posting at hand has not balanced yet
  for (const entry of entries) {
    const broken = { sound: false, entry: `${entry.walletVersion}:${entry.line}` } as const;
    if (entry.walletVersion !== verified.version) {
      if (openMinor !== 0n) return { sound: false, entry: `${verified.version}:${line}` };
      verified = { ...verified, version: verified.version + 1n };
      line = 0;
    }
    line += 1;
    openMinor += entry.amountMinor;
    if (entry.walletVersion !== verified.version || entry.line !== line || entry.currency !== currency) return broken;
    if (entry.posting === null || entry.previousHash !== verified.lastHash) return broken;
    if (entry.hash !== hashOf(entry, entry.posting)) return broken;
    verified = { ...verified, lastHash: entry.hash };
    const account = ownBalance(entry.account);
    if (account !== null) {
      const balance = balances[account];
      verified = { ...verified, [balance]: verified[balance] + entry.amountMinor };
      if (entry.balanceMinor !== verified[balance]) return broken;
    }
  }
  return openMinor === 0n ? { sound: true, verified } : { sound: false, entry: `${verified.version}:${line}` };
}

/** Whether the wallet's row says what its entries lead to. */
export const agrees = (wallet: Verified, verified: Verified): boolean =>
  wallet.version === verified.version &&
  wallet.lastHash === verified.lastHash &&
  wallet.availableMinor === verified.availableMinor &&
  wallet.heldMinor === verified.heldMinor &&
  wallet.receivableMinor === verified.receivableMinor;
