import type { MoveKind } from './observed-move.ts';

/** A posting that changed what a user has, signed: what the wallet gained. */
export interface OurMove {
  kind: MoveKind | 'adjustment';
  /** Revio's object. Of an adjustment, its own id. */
  objectId: string;
  transactionId: string;
  currency: string;
  amountMinor: bigint;
  at: Date;
  /** Whether it counts for the day. One of another day is here only because its partner counts. */
  onDay: boolean;
}

/** A line of Revio's, from a statement or from what we have read. Minor units without a sign; `kind` says which way. */
export interface TheirMove {
  kind: MoveKind;
  objectId: string;
  reference: string;
  currency: string;
  amountMinor: bigint;
  feeMinor: bigint;
  /** `settled` moved money; any other word says that none moved. */
  status: string;
  at: Date;
  onDay: boolean;
  from: 'statement' | 'read' | 'webhook';
}

export type Result =
  | 'matched'
  | 'missing_here'
  | 'missing_there'
  | 'amount'
  | 'currency'
  | 'status'
  /** An adjustment: Revio has no part in it. */
  | 'ours_alone';

export interface Item {
  result: Result;
  ours: OurMove | null;
  theirs: TheirMove | null;
  /** What the item adds to the day's totals, ours minus theirs. Of a matched one that the two count on different days it is not zero. */
  differenceMinor: bigint;
}

const lines = ['deposit', 'withdrawal', 'reversal', 'payout_return', 'adjustment'] as const;
export type Line = (typeof lines)[number];

export interface Comparison {
  items: Item[];
  /** Signed, per kind of movement. */
  ours: Record<Line, bigint>;
  theirs: Record<Line, bigint>;
  /** What Revio kept of the day's movements, without a sign. It is in no total: clearing holds gross amounts. */
  feesMinor: bigint;
  /** Of matched items that the two sides count on different days. */
  cutOffMinor: bigint;
  /** Of everything that does not match. Zero says that the day is explained. */
  unexplainedMinor: bigint;
}

const signs = { deposit: 1n, withdrawal: -1n, reversal: -1n, payout_return: 1n } as const satisfies Record<
  MoveKind,
  bigint
>;

/** What Revio's side of a wallet's total did. */
export const movedMinor = ({
  kind,
  amountMinor,
  status,
}: Pick<TheirMove, 'kind' | 'amountMinor' | 'status'>): bigint =>
  status === 'settled' ? signs[kind] * amountMinor : 0n;

/**
 * Holds the ledger's movements of a day in one currency against Revio's, one by one by the object's id. Each of ours has one partner
 * at most; what Revio says more often than once is missing here each further time. What moved on neither side is no item.
 */
export function compareDay(currency: string, ours: readonly OurMove[], theirs: readonly TheirMove[]): Comparison {
  const waiting = byKey(theirs);
  const items: Item[] = [];
  for (const our of ours) {
    const partner = our.kind === 'adjustment' ? null : takePartner(waiting, our);
    items.push(itemOf(currency, our, partner));
  }
  for (const left of waiting.values())
    for (const their of left) if (movedMinor(their) !== 0n) items.push(itemOf(currency, null, their));
  return totalled(currency, items.filter(counts(currency)).sort(inOrder), theirs);
}

const keyOf = ({ kind, objectId }: OurMove | TheirMove): string => `${kind} ${objectId}`;

function byKey(theirs: readonly TheirMove[]): Map<string, TheirMove[]> {
  const found = new Map<string, TheirMove[]>();
  for (const their of theirs) {
    const same = found.get(keyOf(their));
    if (same === undefined) found.set(keyOf(their), [their]);
    else same.push(their);
  }
  return found;
}

/** The line that says the same, if any; else the first of the object. */
function takePartner(waiting: Map<string, TheirMove[]>, our: OurMove): TheirMove | null {
  const same = waiting.get(keyOf(our)) ?? [];
  const equal = same.findIndex((their) => their.currency === our.currency && movedMinor(their) === our.amountMinor);
  return same.splice(Math.max(0, equal), 1)[0] ?? null;
}

function itemOf(currency: string, ours: OurMove | null, theirs: TheirMove | null): Item {
  const here = ours?.onDay && ours.currency === currency ? ours.amountMinor : 0n;
  const there = theirs?.onDay && theirs.currency === currency ? movedMinor(theirs) : 0n;
  return { result: resultOf(ours, theirs), ours, theirs, differenceMinor: here - there };
}

function resultOf(ours: OurMove | null, theirs: TheirMove | null): Result {
  if (ours === null) return 'missing_here';
  if (ours.kind === 'adjustment') return 'ours_alone';
  if (theirs === null) return 'missing_there';
  if (theirs.status !== 'settled') return 'status';
  if (theirs.currency !== ours.currency) return 'currency';
  return movedMinor(theirs) === ours.amountMinor ? 'matched' : 'amount';
}

/** Whether one of its sides counts for this day and currency. */
const counts = (currency: string) => (item: Item) =>
  [item.ours, item.theirs].some((side) => side?.onDay === true && side.currency === currency);

/** What needs a person first, then by time: so the same sides always make the same report. */
const inOrder = (a: Item, b: Item): number =>
  Number(a.result === 'matched') - Number(b.result === 'matched') ||
  timeOf(a) - timeOf(b) ||
  (nameOf(a) < nameOf(b) ? -1 : 1);
const timeOf = ({ ours, theirs }: Item): number => (ours ?? theirs)?.at.getTime() ?? 0;
const nameOf = ({ ours, theirs }: Item): string => {
  const side = ours ?? theirs;
  return side === null ? '' : keyOf(side);
};

function totalled(currency: string, items: Item[], theirs: readonly TheirMove[]): Comparison {
  const sum: Comparison = {
    items,
    ours: zeros(),
    theirs: zeros(),
    feesMinor: theirs
      .filter((their) => their.onDay && their.currency === currency && their.status === 'settled')
      .reduce((fees, { feeMinor }) => fees + feeMinor, 0n),
    cutOffMinor: 0n,
    unexplainedMinor: 0n,
  };
  for (const { result, ours, theirs: their, differenceMinor } of items) {
    if (ours?.onDay && ours.currency === currency) sum.ours[ours.kind] += ours.amountMinor;
    if (their?.onDay && their.currency === currency) sum.theirs[their.kind] += movedMinor(their);
    if (result === 'matched') sum.cutOffMinor += differenceMinor;
    else if (result !== 'ours_alone') sum.unexplainedMinor += differenceMinor;
  }
  return sum;
}

const zeros = (): Record<Line, bigint> => ({
  deposit: 0n,
  withdrawal: 0n,
  reversal: 0n,
  payout_return: 0n,
  adjustment: 0n,
});
