import { transactionsOf } from './promises.ts';
import { heardOf } from './sent.ts';
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
  notePeople(system, happened);
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

function notePeople({ databases }: System, happened: (what: string) => void): void {
  const { books, ...wallet } = databases.wallet.port;
  const refusals = {
    daily_limit_exceeded: 'withdrawal refused by a limit',
    monthly_limit_exceeded: 'withdrawal refused by a limit',
    wallet_frozen: 'hold refused by a freeze',
  } as Record<string, string>;
  const days = new Set<string>();
  for (const { refusal, settlement, countedOn } of books.holds.all()) {
    const refused = refusals[refusal ?? ''];
    if (refused !== undefined) happened(refused);
    if (refusal !== null || countedOn === null) continue;
    days.add(countedOn);
    const isLast = books.wallets.all().some((one) => one.countedOn === countedOn);
    if (settlement === 'void') happened(isLast ? 'limit given back by a void' : 'void of a day that is over');
  }
  if (days.size > 1) happened('limits began anew at midnight');
  for (const { status, approval, reason } of databases.payments.port.transactions())
    if (status === 'cancelled' && approval === 'waiting' && reason === 'cancelled_by_user')
      happened('cancelled while it waited for an admin');
  const inForce = new Set<string>();
  for (const { type, data } of heardOf(wallet)()) {
    if (type === 'wallet.frozen.v1') {
      happened(data.user_id === null ? 'everything frozen' : 'wallet frozen');
      inForce.add(data.freeze_id);
    }
    if (type === 'wallet.unfrozen.v1') {
      happened('unfrozen by two people');
      inForce.delete(data.freeze_id);
    }
    if (inForce.size > 0 && type === 'wallet.deposit-credited.v1') happened('deposit credited while frozen');
    if (type === 'wallet.adjusted.v1') happened('adjustment by two people posted');
    if (type === 'wallet.posting-refused.v1' && data.kind === 'adjustment')
      happened('adjustment by two people refused');
  }
}
