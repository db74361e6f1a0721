import { setTimeout as sleep } from 'node:timers/promises';
import type { Books } from '../audit/books.ts';
import { reportLines, sizeOf } from '../audit/report.ts';
import { audit, ruleNames, type Violation } from '../audit/rules.ts';
import { type BookUrls, readRunningBooks } from '../audit/running-books.ts';
import { zar } from './words.ts';

/** What the demo did is at rest when it ends; what somebody else does meanwhile may be between two databases for a moment. */
const AGREE_TIMEOUT_MS = 30_000;
const LOOK_EVERY_MS = 500;

export type OwnBooks = {
  transactionIds: readonly string[];
  /** The accounts of the user's wallet. */
  accounts: readonly string[];
  /** Available and held together, as the API says. */
  balanceMinor: bigint;
};

/**
 * The audit: what must hold at every instant over all books, what must hold at rest over the demo's own, because in a system that
 * others use too something is always under way. Answers the lines to show, and whether all is well.
 */
export async function compareBooks(urls: BookUrls, own: OwnBooks): Promise<{ lines: string[]; ok: boolean }> {
  const deadline = Date.now() + AGREE_TIMEOUT_MS;
  for (;;) {
    const judged = judge(await readRunningBooks(urls), own);
    if (judged.ok || Date.now() > deadline) return judged;
    await sleep(LOOK_EVERY_MS);
  }
}

function judge(books: Books, own: OwnBooks): { lines: string[]; ok: boolean } {
  const always = ruleNames({ atRest: false });
  const atRest = ruleNames({ atRest: true }).filter((rule) => !always.includes(rule));
  const everywhere = audit(books, { atRest: false });
  const here = audit(onlyOf(books, own.transactionIds), { atRest: true }).filter(({ rule }) => atRest.includes(rule));
  const sums = balances(books, own);
  const balance = unequalBalances(sums);
  const ok = everywhere.length + here.length + balance.length === 0;
  const lines = [
    `All books as they are now: ${sizeOf(books)}`,
    ...reportLines(always, everywhere),
    'What this demo did, at rest',
    ...reportLines(atRest, here),
    ...reportLines([BALANCE_RULE], balance),
    ...sums.map(({ what, amountMinor }) => `      ${zar(amountMinor).padStart(8)}  ${what}`),
  ];
  return { lines, ok };
}

const BALANCE_RULE = 'balance = entries = what Revio says';

/** The books of these operations; entries, accounts and messages stay whole, for they are looked up by the rest. */
function onlyOf(books: Books, transactionIds: readonly string[]): Books {
  const own = new Set(transactionIds);
  return {
    ...books,
    operations: books.operations.filter(({ op_id }) => own.has(op_id)),
    op_txs: books.op_txs.filter(({ op_id }) => own.has(op_id)),
    provider: books.provider.filter(({ reference }) => own.has(reference)),
  };
}

type Sum = { what: string; amountMinor: bigint };

function balances({ accounts, entries, provider }: Books, own: OwnBooks): Sum[] {
  const isOwn = ({ account_id }: { account_id: string }): boolean => own.accounts.includes(account_id);
  const total = (amounts: bigint[]): bigint => amounts.reduce((sum, amount) => sum + amount, 0n);
  const ownRows = provider.filter(({ reference }) => own.transactionIds.includes(reference));
  const moved = (kind: string, status: string): bigint =>
    total(ownRows.filter((row) => row.kind === kind && row.status === status).map((row) => row.amount_minor));
  const [paidIn, paidOut] = [moved('purchase', 'paid'), moved('payout', 'success')];
  return [
    { what: 'the API says', amountMinor: own.balanceMinor },
    { what: "stands on the wallet's row", amountMinor: total(accounts.filter(isOwn).map((row) => row.balance_minor)) },
    {
      what: "is the sum of the wallet's entries",
      amountMinor: total(entries.filter(isOwn).map((row) => row.amount_minor)),
    },
    { what: `is left at Revio: ${zar(paidIn)} paid in, ${zar(paidOut)} paid out`, amountMinor: paidIn - paidOut },
  ];
}

const unequalBalances = ([first, ...others]: Sum[]): Violation[] =>
  others
    .filter(({ amountMinor }) => amountMinor !== first?.amountMinor)
    .map(({ what, amountMinor }) => ({ rule: BALANCE_RULE, subject: what, detail: zar(amountMinor) }));
