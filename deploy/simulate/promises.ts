import type { Transaction } from '../../services/payments/src/transaction/transaction.ts';
import type { Verdict } from '../../services/reconciler/src/verdict.ts';
import { type Entry, genesisHash, hashOf, type Posting } from '../../services/wallet/src/ledger/booking.ts';
import {
  paidUnapproved,
  unfinishedAdjustments,
  watchApprovals,
  watchFrozenHolds,
  watchFrozenIntents,
  watchLimits,
  watchVerdicts,
} from './people-promises.ts';
import type { System } from './system.ts';

/** What may never be, looked at after every step, and what must be in the end (DESIGN section 6). Each returns what is broken. */

type Books = System['databases']['wallet']['port']['books'];

const sum = (amounts: Iterable<bigint>): bigint => {
  let total = 0n;
  for (const amount of amounts) total += amount;
  return total;
};

/** Without reversals, which are made when all is over. */
export const transactionsOf = ({ databases }: System): Transaction[] =>
  databases.payments.port.transactions().filter(({ kind }) => kind !== 'reversal');

/** I1–I3, I5, M7: over all rows, as they are between two transactions. */
function brokenBooks({ wallets, postings, entries }: Books): string[] {
  const broken: string[] = [];
  const balances = new Map<string, bigint>();
  const byPosting = new Map<string, bigint>();
  for (const { walletId, account, amountMinor, postingId } of entries.all()) {
    const key = `${walletId} ${account}`;
    balances.set(key, (balances.get(key) ?? 0n) + amountMinor);
    byPosting.set(postingId, (byPosting.get(postingId) ?? 0n) + amountMinor);
  }
  for (const { id } of postings.all()) if (byPosting.get(id) !== 0n) broken.push(`I1: posting ${id} is not zero`);
  for (const { id, availableMinor, heldMinor, receivableMinor } of wallets.all()) {
    const of = (account: string): bigint => balances.get(`${id} ${account}`) ?? 0n;
    if (availableMinor !== of('available') || heldMinor !== of('held') || receivableMinor !== of('receivable'))
      broken.push(`I2: wallet ${id} is not the sum of its entries`);
    if (availableMinor < 0n || heldMinor < 0n || receivableMinor > 0n) broken.push(`I3: wallet ${id} is negative`);
    if (availableMinor > 0n && receivableMinor < 0n) broken.push(`M7: wallet ${id} has money beside a debt`);
  }
  return broken;
}

/** Each posting against Revio's own books: nothing is credited that was not paid, nothing released that may be paid out. */
function brokenAgainstRevio({ revio, databases }: System): string[] {
  const broken: string[] = [];
  const { purchases, payouts, payments } = revio.books;
  for (const posting of databases.wallet.port.books.postings.all()) {
    const { kind, settlement, sourceId, transactionId, amountMinor } = posting;
    if (kind === 'credit') {
      const purchase = purchases.get(sourceId);
      const cameIn = purchase?.paid && !purchase.markedAsPaid ? (purchase.paid.amountMinor ?? purchase.amountMinor) : 0;
      const isByPeople = hasWordOf(databases, 'credit', sourceId);
      if (BigInt(cameIn) !== amountMinor || (purchase?.amountMinor !== cameIn && !isByPeople))
        broken.push(`I9: ${amountMinor} is credited for ${sourceId}, where ${cameIn} came in`);
      if (purchase?.request.reference !== transactionId) broken.push(`I9: ${sourceId} is credited to somebody else`);
    }
    if (kind === 'reversal' && BigInt(payments.get(sourceId)?.amountMinor ?? 0) !== amountMinor)
      broken.push(`I9: ${amountMinor} is reversed for ${sourceId}`);
    if (kind !== 'settlement') continue;
    const executed = [...payouts.values()].filter(
      (payout) => payout.request.reference === transactionId && payout.history.length > 1,
    );
    const isPaid = executed.some(({ paidAtS }) => paidAtS !== null) || hasWordOf(databases, 'payout', sourceId);
    if (settlement === 'post' && !isPaid)
      broken.push(`I8: the hold of ${transactionId} is posted and nothing was paid`);
    // One that came back before anybody saw that it had gone is as good as refused.
    if (settlement === 'void' && executed.some(({ status }) => status === 'pending' || status === 'success'))
      broken.push(`I8: the hold of ${transactionId} is released while its payout runs`);
  }
  const paid = new Map<string, number>();
  for (const { request, history } of payouts.values())
    if (history.some(({ status }) => status === 'pending' || status === 'success'))
      paid.set(request.reference, (paid.get(request.reference) ?? 0) + 1);
  for (const [reference, times] of paid) if (times > 1) broken.push(`M3: ${reference} is paid out ${times} times`);
  return broken;
}

/** Two people have said what Revio did not: that a payout is paid, or that a purchase is to be credited. In the end the books must agree. */
const byPeople = new Set(['executed', 'credit_this_purchase']);
const hasWordOf = ({ reconciler }: System['databases'], slot: Verdict['slot'], id: string): boolean =>
  reconciler.port.verdicts().some((one) => one.slot === slot && one.sourceId === id && byPeople.has(one.reason));

/** I6: what payments shows has happened in the ledger. */
function brokenStatuses(transactions: readonly Transaction[], postings: readonly Posting[], holds: Books['holds']) {
  const broken: string[] = [];
  for (const { id, kind, status } of transactions) {
    const mine = postings.filter(({ transactionId }) => transactionId === id);
    const settlement = mine.find((posting) => posting.kind === 'settlement')?.settlement;
    const isHeld = holds.get(id)?.refusal === null && settlement === undefined;
    if (kind === 'deposit' && status === 'completed' && !mine.some((posting) => posting.kind === 'credit'))
      broken.push(`I6: ${id} is completed and nothing was credited`);
    if (kind !== 'withdrawal') continue;
    if (status === 'completed' && settlement !== 'post') broken.push(`I6: ${id} is completed and was not paid`);
    if ((status === 'failed' || status === 'cancelled') && (isHeld || settlement === 'post'))
      broken.push(`I6: ${id} is ${status} and its hold is ${isHeld ? 'open' : 'posted'}`);
  }
  return broken;
}

/** After every step: what nobody may ever see. Each is a rule over rows, and is asked again only when some of them have changed. */
export function createWatch(system: System): () => string[] {
  const { wallet, payments, reconciler } = system.databases;
  const { books } = wallet.port;
  const whenever = (changes: () => number, rule: () => string[]) => {
    let seen = -1;
    return () => {
      const now = changes();
      if (now === seen) return [];
      seen = now;
      return rule();
    };
  };
  const rules = [
    whenever(wallet.commits, () => brokenBooks(books)),
    whenever(
      () => wallet.commits() + system.revio.changes(),
      () => brokenAgainstRevio(system),
    ),
    whenever(
      () => wallet.commits() + payments.commits(),
      () => brokenStatuses(transactionsOf(system), books.postings.all(), books.holds),
    ),
    whenever(wallet.commits, watchLimits(system)),
    whenever(wallet.commits, watchFrozenHolds(system)),
    whenever(payments.commits, watchApprovals(system)),
    whenever(payments.commits, watchFrozenIntents(system)),
    whenever(
      () => payments.commits() + system.revio.changes(),
      () => paidUnapproved(system),
    ),
    whenever(reconciler.commits, watchVerdicts(system)),
  ];
  return () => {
    let broken: string[] = [];
    for (const rule of rules) {
      const now = rule();
      if (now.length > 0) broken = [...broken, ...now];
    }
    return broken;
  };
}

const ended = new Set(['completed', 'failed', 'expired', 'cancelled']);

/** What may be left to people: a refund whose word was lost, one of spent money, what Revio was late to tell. */
const explained = new Set(['reversal_without_payment', 'user_in_debt', 'no_provider_object']);
/** What two people have ended when all is over. */
const endedByPeople = new Set(['unknown_outcome', 'pending_too_long']);

/** When all faults are over: everything has ended, and the books tell what Revio's tell, or a case says why not. */
export function unfinished(system: System): string[] {
  const { databases, revio } = system;
  const { books } = databases.wallet.port;
  const left: string[] = [];
  if (system.onTheirWay() > 0) left.push(`I7: ${system.onTheirWay()} messages are not handled`);
  const transactions = transactionsOf(system);
  for (const { heldMinor } of books.wallets.all()) if (heldMinor !== 0n) left.push(`I4: ${heldMinor} is still held`);

  const cases = databases.reconciler.port.cases();
  const postings = books.postings.all();
  /** Deposits with which somebody made a mistake: whatever comes of them is for people. */
  const odd = new Set<string>();
  const posted = (id: string, kind: Posting['kind']) =>
    sum(
      postings
        .filter((posting) => posting.transactionId === id && posting.kind === kind)
        .map(({ amountMinor }) => amountMinor),
    );
  for (const { id, kind, status } of transactions) {
    const about = cases.filter(({ transactionId }) => transactionId === id);
    // What somebody marked as paid, or paid wrongly, is a human's to end.
    if (!ended.has(status) && !about.some(({ cause }) => cause !== 'user_in_debt' && !endedByPeople.has(cause)))
      left.push(`liveness: ${id} is ${status}`);
    if (kind === 'deposit') {
      const bought = [...revio.books.purchases.values()].filter(({ request }) => request.reference === id);
      const paid = bought.filter(({ paid }) => paid !== null);
      const cameIn = sum(paid.map((one) => BigInt(one.paid?.amountMinor ?? one.amountMinor)));
      const isOdd = paid.some((one) => one.markedAsPaid || one.paid?.amountMinor !== undefined);
      const back = sum(
        [...revio.books.payments.values()]
          .filter(({ purchaseId }) => bought.some((one) => one.id === purchaseId))
          .map(({ amountMinor }) => BigInt(amountMinor)),
      );
      const credited = posted(id, 'credit');
      const reversed = posted(id, 'reversal');
      if (isOdd) odd.add(id);
      const creditedByPeople = sum(
        paid.filter(({ id }) => hasWordOf(databases, 'credit', id)).map((one) => BigInt(one.paid?.amountMinor ?? 0)),
      );
      if (isOdd ? credited !== creditedByPeople : credited !== cameIn && back === 0n)
        left.push(`I9: ${cameIn} came in for ${id}, and ${credited} is credited`);
      // Seen only when it had gone back: it is not credited, and people are told of all that went back.
      const unseen = credited === 0n && back > 0n ? back : cameIn - back - (credited - reversed);
      const named = about.some((one) => one.about.endsWith(`:${unseen < 0n ? -unseen : unseen}`));
      if (isOdd ? about.length === 0 : unseen !== 0n && !named)
        left.push(`I9: nobody explains why ${id} has ${credited} − ${reversed} where Revio has ${cameIn} − ${back}`);
    }
    if (kind === 'withdrawal') {
      const payouts = [...revio.books.payouts.values()].filter(({ request }) => request.reference === id);
      const isGone = payouts.some(({ status }) => status === 'success');
      const settlement = postings.find((one) => one.transactionId === id && one.kind === 'settlement')?.settlement;
      const isPosted = settlement === 'post' && posted(id, 'payout-return') === 0n;
      if (isGone !== isPosted) left.push(`I9: ${id} is ${isGone ? '' : 'not '}gone, and the ledger says otherwise`);
    }
  }
  for (const { cause, about, transactionId } of cases)
    if (!explained.has(cause) && !endedByPeople.has(cause) && !odd.has(transactionId ?? ''))
      left.push(`a case that should not be: ${cause} ${about}`);
  return [...left, ...unfinishedAdjustments(system)];
}

/** Once, in the end: the chain of hashes, as nothing that goes on could mend it. */
export function brokenChain({ databases }: System): string[] {
  const { wallets, entries, postings } = databases.wallet.port.books;
  return wallets.all().flatMap((wallet) => {
    const chain = entries
      .filter(({ walletId }) => walletId === wallet.id)
      .sort((a, b) => Number(a.walletVersion - b.walletVersion) || a.line - b.line);
    let previous = genesisHash;
    const isBroken = (entry: Entry): boolean => {
      const posting = postings.filter(({ id }) => id === entry.postingId)[0];
      const isRight = posting !== undefined && entry.previousHash === previous && entry.hash === hashOf(entry, posting);
      previous = entry.hash;
      return !isRight;
    };
    return chain.some(isBroken) || wallet.lastHash !== previous ? [`the chain of wallet ${wallet.id} is broken`] : [];
  });
}
