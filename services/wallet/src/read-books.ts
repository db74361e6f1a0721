import { type DataSource, IsNull } from 'typeorm';
import { type Currency, formatAmount } from '#libs/money';
import { entrySchema, freezeSchema, postingSchema, walletSchema } from './entities.ts';
import type { Entry, Posting } from './ledger/booking.ts';
import type { Owner, Wallet } from './ledger/ledger.ts';

/** A hold, its end, a return: a handful. A deposit's reversals are as many as Revio refunds, but a page of them is enough to look at. */
const postingsMax = 100;

/** A user's wallets as the API shows them, amounts as decimal strings. */
export async function readWallets(dataSource: DataSource, userId: string) {
  const wallets = await dataSource.getRepository(walletSchema).find({ where: { userId }, order: { currency: 'ASC' } });
  const everythingFrozen = await isEverythingFrozen(dataSource);
  return wallets.map((wallet) => shownWallet(wallet, everythingFrozen));
}

/** A wallet that nobody has paid into yet has no row, and zeros. */
export async function readWallet(dataSource: DataSource, { userId, currency }: Owner) {
  const wallet = await dataSource.getRepository(walletSchema).findOneBy({ userId, currency });
  return shownWallet(
    wallet ?? { currency, availableMinor: 0n, heldMinor: 0n, receivableMinor: 0n, frozenAt: null },
    await isEverythingFrozen(dataSource),
  );
}

const isEverythingFrozen = (dataSource: DataSource): Promise<boolean> =>
  dataSource.getRepository(freezeSchema).existsBy({ userId: IsNull(), releasedAt: IsNull() });

type Balances = Pick<Wallet, 'currency' | 'availableMinor' | 'heldMinor' | 'receivableMinor' | 'frozenAt'>;

const shownWallet = (
  { currency, availableMinor, heldMinor, receivableMinor, frozenAt }: Balances,
  everythingFrozen: boolean,
) => ({
  currency,
  available: formatAmount(availableMinor, currency),
  held: formatAmount(heldMinor, currency),
  debt: formatAmount(-receivableMinor, currency),
  frozen: everythingFrozen || frozenAt !== null,
});

/** What the books say about a transaction, oldest first: each posting with its signed entries, which sum to zero. */
export async function readPostings(dataSource: DataSource, transactionId: string) {
  const postings = await dataSource
    .getRepository(postingSchema)
    .find({ where: { transactionId }, order: { createdAt: 'ASC', walletVersion: 'ASC' }, take: postingsMax });
  // By the entries' own key: the posting id has no index, which every entry would have to pay for.
  const keys = postings.map(({ walletId, walletVersion }) => ({ walletId, walletVersion }));
  const entries =
    keys.length === 0
      ? []
      : await dataSource.getRepository(entrySchema).find({ where: keys, order: { walletVersion: 'ASC', line: 'ASC' } });
  return postings.map((posting) =>
    shownPosting(
      posting,
      entries.filter(({ postingId }) => postingId === posting.id),
    ),
  );
}

const shownPosting = (posting: Posting, entries: Entry[]) => ({
  id: posting.id,
  kind: posting.settlement ?? posting.kind,
  source_id: posting.sourceId,
  transaction_id: posting.transactionId,
  currency: posting.currency,
  amount: formatAmount(posting.amountMinor, posting.currency),
  created_at: posting.createdAt.toISOString(),
  entries: entries.map((entry) => shownEntry(entry, posting.currency)),
});

const shownEntry = ({ account, amountMinor, balanceMinor }: Entry, currency: Currency) => ({
  account,
  amount: formatAmount(amountMinor, currency),
  balance: balanceMinor === null ? null : formatAmount(balanceMinor, currency),
});
