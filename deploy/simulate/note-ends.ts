import { transactionsOf } from './promises.ts';
import type { System } from './system.ts';

/** What the books show to have happened. */
export function noteEnds(system: System, happened: (what: string) => void): void {
  const { books } = system.databases.wallet.port;
  const { payouts } = system.revio.books;
  for (const { kind, settlement } of books.postings.all()) {
    if (kind === 'settlement') happened(settlement === 'void' ? 'hold voided' : 'hold posted');
    if (kind === 'reversal') happened('deposit reversed');
    if (kind === 'payout-return') happened('payout returned');
  }
  for (const { cause } of system.databases.reconciler.port.cases()) happened(`case: ${cause}`);
  if (books.entries.all().some(({ account, amountMinor }) => account === 'receivable' && amountMinor > 0n))
    happened('debt repaid');
  for (const { id, status, payoutId, executeSentAt } of transactionsOf(system)) {
    const payout = payoutId === null ? undefined : payouts.get(payoutId);
    if (executeSentAt === null || payout === undefined || system.revio.wasHeard(payout.id)) continue;
    if (status === 'completed') happened('unknown payout resolved as paid');
    const settlement = books.postings.filter((one) => one.transactionId === id && one.kind === 'settlement')[0];
    if (settlement?.settlement === 'void' && payout.status === 'initialized')
      happened('unknown payout resolved as not executed');
  }
}
