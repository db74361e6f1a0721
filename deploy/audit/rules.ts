import type { Books, ProviderRow } from './books.ts';

export interface Violation {
  rule: string;
  subject: string;
  detail: string;
}

/**
 * `aCaseExplains`: what people look at as a case breaks no rule (I9: "… or an open case explains it"). `besideRevio`: says nothing where
 * Revio's truth was not read.
 */
type Rule = {
  name: string;
  check: (books: Books) => Omit<Violation, 'rule'>[];
  aCaseExplains?: true;
  besideRevio?: true;
};

/** A purchase that ever brought money, and a payout that ever took some (audit contract's words). */
const moneyCame = (row: ProviderRow): boolean =>
  row.kind === 'purchase' && ['paid', 'refunded', 'chargeback'].includes(row.status);
const moneyLeft = (row: ProviderRow): boolean => row.kind === 'payout' && ['success', 'reversed'].includes(row.status);
const moneyMayLeave = (row: ProviderRow): boolean =>
  moneyLeft(row) || (row.kind === 'payout' && row.status === 'pending');
/** Of these a release would pay the user twice; a payout that came back before anybody read it has left nothing to pay. */
const moneyIsOut = (row: ProviderRow): boolean => moneyMayLeave(row) && !moneyCameBack(row);
const moneyCameBack = (row: ProviderRow): boolean => row.kind === 'payout' && row.status === 'reversed';
const wentBack = (row: ProviderRow): boolean => row.kind === 'refund' && row.status === 'success';

/** What the ledger does for each kind of operation that completes; an adjustment goes either way. */
const completedBy: Partial<Record<string, readonly string[]>> = {
  deposit: ['credit'],
  withdrawal: ['settle'],
  adjustment: ['credit', 'reverse'],
};

/** The promises of the ledger that hold at every instant. */
const always: Rule[] = [
  {
    name: 'I1 every posting sums to zero per currency',
    check: ({ entries }) =>
      unequal(
        sums(
          entries,
          (e) => `${e.tx_id} ${e.currency}`,
          (e) => e.amount_minor,
        ),
        () => 0n,
      ),
  },
  {
    name: 'I2 every balance equals the sum of its entries',
    check: ({ accounts, entries }) => {
      const moved = sums(
        entries,
        (e) => e.account_id,
        (e) => e.amount_minor,
      );
      const balances = sums(
        accounts,
        (a) => a.account_id,
        (a) => a.balance_minor,
      );
      for (const account of moved.keys()) if (!balances.has(account)) balances.set(account, 0n);
      return unequal(balances, (account) => moved.get(account) ?? 0n);
    },
  },
  {
    name: 'I3 nothing is negative that may not be',
    check: ({ accounts }) =>
      accounts
        .filter((a) => !a.may_go_negative && a.balance_minor < 0n)
        .map((a) => ({ subject: a.account_id, detail: `${a.balance_minor}` })),
  },
  {
    name: 'I4 I5 a hold is placed once and ends once, posted or voided',
    check: ({ op_txs }) =>
      [...groups(op_txs, (t) => t.op_id)].flatMap(([op, txs]) => {
        const holds = txs.filter((t) => t.effect === 'hold').length;
        const ends = txs.filter((t) => t.effect === 'release' || t.effect === 'settle').length;
        return holds > 1 || ends > holds ? [{ subject: op, detail: `${holds} holds, ${ends} ends` }] : [];
      }),
  },
  {
    name: 'I8 no hold is released while its payout may have been executed',
    besideRevio: true,
    check: ({ op_txs, provider }) => {
      const out = groups(provider.filter(moneyIsOut), (row) => row.reference);
      return op_txs
        .filter((t) => t.effect === 'release' && out.has(t.op_id))
        .map((t) => ({ subject: t.op_id, detail: `released, yet payout ${out.get(t.op_id)?.[0]?.object_id} moved` }));
    },
  },
  {
    name: 'no withdrawal is paid out twice',
    besideRevio: true,
    check: ({ provider }) =>
      [...groups(provider.filter(moneyMayLeave), (row) => row.reference)]
        .filter(([, payouts]) => payouts.length > 1)
        .map(([reference, payouts]) => ({ subject: reference, detail: `${payouts.length} payouts` })),
  },
];

/** What must also hold once nothing is under way. */
const atRest: Rule[] = [
  {
    name: 'every accepted operation is terminal',
    check: ({ operations }) =>
      operations.filter((o) => !o.terminal).map((o) => ({ subject: o.op_id, detail: `${o.kind} is ${o.status}` })),
  },
  {
    name: 'I6 completed means moved, and moved means completed',
    check: ({ operations, op_txs }) => {
      const effects = new Set(op_txs.map((t) => `${t.op_id} ${t.effect}`));
      return operations.flatMap((o) => {
        const completing = completedBy[o.kind];
        const moved = completing?.some((effect) => effects.has(`${o.op_id} ${effect}`));
        return completing !== undefined && moved !== (o.status === 'completed')
          ? [{ subject: o.op_id, detail: `${o.kind} is ${o.status}, the ledger says ${moved ? 'moved' : 'not moved'}` }]
          : [];
      });
    },
  },
  {
    name: 'I4 every hold has ended',
    check: ({ op_txs }) =>
      [...groups(op_txs, (t) => t.op_id)]
        .filter(
          ([, txs]) =>
            txs.some((t) => t.effect === 'hold') && !txs.some((t) => ['release', 'settle'].includes(t.effect)),
        )
        .map(([op]) => ({ subject: op, detail: 'held, neither posted nor voided' })),
  },
  {
    name: 'I7 every message is published',
    check: ({ outbox }) =>
      outbox.filter((m) => m.published_at === null).map((m) => ({ subject: m.message_id, detail: m.service })),
  },
  {
    name: 'I9 per deposit, what was credited is what Revio was paid, and what was reversed is what went back',
    aCaseExplains: true,
    besideRevio: true,
    check: ({ entries, op_txs, provider }) => {
      const clearing = clearingByOperation(entries, op_txs);
      const cameIn = sums(
        provider.filter(moneyCame),
        (r) => r.reference,
        (r) => r.amount_minor,
      );
      const back = sums(
        provider.filter(wentBack),
        (r) => r.reference,
        (r) => r.amount_minor,
      );
      return unequal(union(clearing('credit'), cameIn), (op) => cameIn.get(op) ?? 0n).concat(
        unequal(union(clearing('reverse', 'dep_'), back), (op) => back.get(op) ?? 0n),
      );
    },
  },
  {
    name: 'I9 per withdrawal, what was settled is what Revio paid out, and what returned is what came back',
    aCaseExplains: true,
    besideRevio: true,
    check: ({ entries, op_txs, provider }) => {
      const clearing = clearingByOperation(entries, op_txs);
      const left = sums(
        provider.filter(moneyLeft),
        (r) => r.reference,
        (r) => r.amount_minor,
      );
      const returned = sums(
        provider.filter(moneyCameBack),
        (r) => r.reference,
        (r) => r.amount_minor,
      );
      // Out and back between two looks, it was seen as refused: nothing moved here, and nothing has moved there.
      const settled = clearing('settle');
      for (const [op, amount] of returned)
        if (left.get(op) === amount && !settled.has(op)) for (const side of [left, returned]) side.delete(op);
      return unequal(union(settled, left), (op) => left.get(op) ?? 0n).concat(
        unequal(union(clearing('reverse', 'wd_'), returned), (op) => returned.get(op) ?? 0n),
      );
    },
  },
];

export interface Judged {
  atRest: boolean;
  /** For the real Revio, which tells its truth about one object at a time: the rules that need all of it are left out. */
  withoutRevio?: boolean;
}

export const ruleNames = (options: Judged): string[] => chosen(options).map((rule) => rule.name);

/**
 * Every broken promise, named. Empty is what everybody wants. `atRest` adds the rules that only hold when nothing is under way;
 * `casesExplain: false` names also what people know of.
 */
export function audit(books: Books, options: Judged & { casesExplain?: boolean }): Violation[] {
  const explained = options.casesExplain === false ? () => false : explainedBy(books);
  return chosen(options).flatMap(({ name, check, aCaseExplains = false }) =>
    check(books)
      .filter(({ subject }) => !(aCaseExplains && explained(subject)))
      .map((found) => ({ rule: name, ...found })),
  );
}

/** Whether a case is about this operation, or about an object of Revio's that names it. */
function explainedBy({ explaining_cases, provider }: Books): (op: string) => boolean {
  const objects = new Set(explaining_cases.map(({ object_id }) => object_id));
  const operations = new Set(explaining_cases.map(({ op_id }) => op_id));
  for (const { object_id, reference } of provider) if (objects.has(object_id)) operations.add(reference);
  return (op) => operations.has(op);
}

const chosen = (options: Judged): Rule[] =>
  (options.atRest ? [...always, ...atRest] : always).filter((rule) => !(options.withoutRevio && rule.besideRevio));

/** What each operation moved across the clearing account by postings of one effect, as a positive amount. */
function clearingByOperation(entries: Books['entries'], opTxs: Books['op_txs']) {
  const crossed = sums(
    entries.filter((e) => e.account_id.startsWith('revio:clearing')),
    (e) => e.tx_id,
    (e) => (e.amount_minor < 0n ? -e.amount_minor : e.amount_minor),
  );
  return (effect: string, prefix = ''): Map<string, bigint> =>
    sums(
      opTxs.filter((t) => t.effect === effect && t.op_id.startsWith(prefix)),
      (t) => t.op_id,
      (t) => crossed.get(t.tx_id) ?? 0n,
    );
}

function groups<T>(rows: readonly T[], key: (row: T) => string): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const row of rows) {
    const group = found.get(key(row));
    if (group) group.push(row);
    else found.set(key(row), [row]);
  }
  return found;
}

function sums<T>(rows: readonly T[], key: (row: T) => string, amount: (row: T) => bigint): Map<string, bigint> {
  const found = new Map<string, bigint>();
  for (const row of rows) found.set(key(row), (found.get(key(row)) ?? 0n) + amount(row));
  return found;
}

/** `ours` with a zero for every key that only the other side has. */
const union = (ours: Map<string, bigint>, theirs: Map<string, bigint>): Map<string, bigint> =>
  new Map([...[...theirs.keys()].map((key) => [key, 0n] as const), ...ours]);

const unequal = (ours: Map<string, bigint>, expected: (key: string) => bigint): Omit<Violation, 'rule'>[] =>
  [...ours]
    .filter(([key, amount]) => amount !== expected(key))
    .map(([key, amount]) => ({ subject: key, detail: `${amount} here, ${expected(key)} expected` }));
