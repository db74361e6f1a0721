import { createHash } from 'node:crypto';
import type { Currency } from '#libs/money';
import type { Account, Move, Wallet } from './ledger.ts';

/** A settlement is a post or a void: one kind, so that one UNIQUE (kind, source id) lets only one of them happen. */
export type PostingKind = 'credit' | 'hold' | 'settlement' | 'reversal' | 'payout-return' | 'adjustment';

export type Posting = {
  id: string;
  kind: PostingKind;
  /** The purchase, withdrawal, Payment, payout or adjustment that this posting is about, and can be about only once. */
  sourceId: string;
  /** Of a settlement, which of the two it is. */
  settlement: 'post' | 'void' | null;
  /** Of a reversal, the source id (purchase) of the credit that it takes back. */
  reverses: string | null;
  transactionId: string;
  walletId: string;
  /** The wallet's version that this posting made. */
  walletVersion: bigint;
  currency: Currency;
  amountMinor: bigint;
  createdAt: Date;
};

export type Entry = {
  walletId: string;
  walletVersion: bigint;
  /** 1, 2, … within the posting. */
  line: number;
  postingId: string;
  account: Account;
  currency: Currency;
  /** Signed: what the account gained. */
  amountMinor: bigint;
  /** Of the account after this entry; null for the system's accounts, whose balance nobody locks. */
  balanceMinor: bigint | null;
  /** SHA-256, hex: of the wallet's previous entry, and of this one with that. */
  previousHash: string;
  hash: string;
  traceId: string | null;
  createdAt: Date;
};

/** One posting, its entries, and the wallet as they leave it: written together or not at all. */
export type Booking = { wallet: Wallet; posting: Posting; entries: readonly Entry[] };

/** What a decision is booked as. */
export type Occasion = Pick<Posting, 'id' | 'kind' | 'sourceId' | 'transactionId' | 'amountMinor' | 'createdAt'> &
  Partial<Pick<Posting, 'settlement' | 'reverses'>> & { traceId: string | null };

/** The `last_hash` of a wallet without entries. */
export const genesisHash = '0'.repeat(64);

/** Turns moves into signed entries with running balances, each chained to the one before it in the same wallet. */
export function book(wallet: Wallet, occasion: Occasion, moves: readonly Move[]): Booking {
  const { traceId, settlement = null, reverses = null, ...named } = occasion;
  const walletVersion = wallet.version + 1n;
  const createdAt = laterOf(wallet.movedAt, occasion.createdAt);
  const made = { walletId: wallet.id, walletVersion, currency: wallet.currency, createdAt };
  const posting = { ...named, settlement, reverses, ...made };
  let after: Wallet = { ...wallet, version: walletVersion, movedAt: createdAt };
  const entries = moves.flatMap(sides).map(({ account, amountMinor }, index) => {
    after = gain(after, account, amountMinor);
    const { hash, entry } = chained(after.lastHash, posting, {
      line: index + 1,
      account,
      amountMinor,
      balanceMinor: balanceOf(after, account),
      traceId,
    });
    after = { ...after, lastHash: hash };
    return entry;
  });
  return { wallet: after, posting, entries };
}

/**
 * The clocks of two replicas differ by milliseconds: an entry that seemed older than the one before it would be left out of the balance
 * of a moment between the two, and the newest by time would not be the newest.
 */
const laterOf = (movedAt: Date | null, now: Date): Date => (movedAt !== null && movedAt > now ? movedAt : now);

type Line = Pick<Entry, 'line' | 'account' | 'amountMinor' | 'balanceMinor' | 'traceId'>;

function chained(previousHash: string, posting: Posting, line: Line): { hash: string; entry: Entry } {
  const { walletId, walletVersion, currency, createdAt, id: postingId } = posting;
  const unsealed = { walletId, walletVersion, ...line, postingId, currency, previousHash, createdAt };
  const hash = hashOf(unsealed, posting);
  return { hash, entry: { ...unsealed, hash } };
}

/**
 * The hash of an entry, with what its posting says: whoever changes a row must change every later row of that wallet and its
 * `last_hash` too. The text is fixed for ever, one field a line (no field can hold a line break); another form is another version.
 */
export function hashOf(
  entry: Omit<Entry, 'hash'>,
  posting: Pick<Posting, 'kind' | 'sourceId' | 'transactionId'>,
): string {
  const canonical = [
    'v1',
    entry.previousHash,
    entry.walletId,
    entry.walletVersion,
    entry.line,
    entry.postingId,
    posting.kind,
    posting.sourceId,
    posting.transactionId,
    entry.account,
    entry.currency,
    entry.amountMinor,
    entry.balanceMinor ?? '',
    entry.traceId ?? '',
    entry.createdAt.toISOString(),
  ];
  return createHash('sha256').update(canonical.join('\n')).digest('hex');
}

const sides = ({ from, to, amountMinor }: Move): { account: Account; amountMinor: bigint }[] => [
  { account: from, amountMinor: -amountMinor },
  { account: to, amountMinor },
];

const balances = {
  available: 'availableMinor',
  held: 'heldMinor',
  receivable: 'receivableMinor',
  'revio:clearing': null,
  adjustments: null,
} as const satisfies Record<Account, keyof Wallet | null>;

function gain(wallet: Wallet, account: Account, amountMinor: bigint): Wallet {
  const balance = balances[account];
  return balance === null ? wallet : { ...wallet, [balance]: wallet[balance] + amountMinor };
}

function balanceOf(wallet: Wallet, account: Account): bigint | null {
  const balance = balances[account];
  return balance === null ? null : wallet[balance];
}
