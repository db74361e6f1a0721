import type { Currency } from '#libs/money';
import type { OurMove, TheirMove } from './compare-day.ts';
import type { MoveKind } from './observed-move.ts';
import type { KnownMove, ProviderSideTx } from './provider-side-store.ts';
import { type Ledger, type LedgerMove, LedgerUnavailable, postingsMax } from './read-ledger.ts';
import type { Ends, Statement, StatementLine } from './report.ts';
import { type DayBounds, dayOf } from './report-day.ts';

export interface GatherDeps {
  transact: <R>(work: (tx: ProviderSideTx) => Promise<R>) => Promise<R>;
  ledger: Ledger;
  zone: string;
}

export interface DayOfReport {
  day: string;
  bounds: DayBounds;
  currency: Currency;
}

/** How often the ledger is asked until its postings add up to its own totals: while money moves, the two are of two moments. */
const tries = 5;

/** The ledger's side, proven by itself: what it opened with and what moved is what it closed with. */
export async function gatherLedger(ledger: Ledger, bounds: DayBounds, currency: Currency) {
  for (let left = tries; left > 0; left--) {
    const ends: Ends = (await ledger.totals(bounds)).get(currency) ?? { openingMinor: 0n, closingMinor: 0n };
    const moves = await ledger.postings(bounds, currency);
    const moved = moves.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
    if (ends.openingMinor + moved === ends.closingMinor) return { ends, moves };
  }
  throw new LedgerUnavailable('the postings of the span do not add up to its totals');
}

const kindOf = {
  credit: 'deposit',
  settlement: 'withdrawal',
  reversal: 'reversal',
  'payout-return': 'payout_return',
  adjustment: 'adjustment',
} as const satisfies Record<LedgerMove['kind'], OurMove['kind']>;

/** By Revio's object: a settlement is about a withdrawal of ours, which was paid by a payout. */
export async function oursOf(tx: ProviderSideTx, moves: readonly LedgerMove[], onDay: boolean): Promise<OurMove[]> {
  const settled = moves.filter(({ kind }) => kind === 'settlement').map(({ transactionId }) => transactionId);
  const payouts = new Map(
    (await tx.objectsOfTransactions(settled)).map(({ transactionId, objectId }) => [transactionId, objectId]),
  );
  return moves.map(({ kind, sourceId, ...move }) => ({
    ...move,
    kind: kindOf[kind],
    objectId: kind === 'settlement' ? (payouts.get(move.transactionId) ?? sourceId) : sourceId,
    onDay,
  }));
}

/** What Revio says of the day, and of what we posted on it: its statement if there is one, else its objects as we have read them. */
export async function theirsOf(
  tx: ProviderSideTx,
  deps: Pick<GatherDeps, 'zone'>,
  of: DayOfReport,
  ours: readonly OurMove[],
) {
  const statement = await tx.statementOf(of.day);
  const lines = statement === null ? [] : await tx.linesOf(statement.id);
  const wanted = ours.filter(({ kind }) => kind !== 'adjustment').map(({ objectId }) => objectId);
  const moved = await tx.movesOfObjects(wanted);
  const onDay = statement === null ? await tx.movesIn(of.bounds, postingsMax) : [];
  const told = [
    ...lines.filter(isMove).map((line) => lineMove(line, true)),
    ...onDay.map((each) => readMove(each, true)),
  ];
  const known = new Set(told.map(keyOf));
  const elsewhere = await otherDays(tx, deps, of, { statement, wanted, moved });
  for (const move of elsewhere) if (!known.has(keyOf(move))) told.push(move);
  const silent = new Set(told.map(({ objectId }) => objectId));
  told.push(...unmoved(await tx.statusesOf(wanted.filter((id) => !silent.has(id))), ours, statement));
  const fees = lines.filter(
    ({ kind, currency, status }) => kind === 'fee' && currency === of.currency && status === 'settled',
  );
  return { statement, theirs: told, otherFeesMinor: fees.reduce((sum, { grossMinor }) => sum + grossMinor, 0n) };
}

/** Partners of ours that Revio counts on another day. A day that has a statement is told by that alone. */
async function otherDays(
  tx: ProviderSideTx,
  { zone }: Pick<GatherDeps, 'zone'>,
  { day }: DayOfReport,
  { statement, wanted, moved }: { statement: Statement | null; wanted: readonly string[]; moved: readonly KnownMove[] },
): Promise<TheirMove[]> {
  const lines = (await tx.linesElsewhere(wanted, day)).filter(isMove).map((line) => lineMove(line, false));
  const dated = moved.map((each) => ({ each, day: dayOf(each.movedAt, zone) })).filter((its) => its.day !== day);
  const stated = new Set(await tx.daysWithStatement(dated.map((its) => its.day)));
  // Where no statement of this day was imported, its own movements are there already.
  if (statement !== null) stated.add(day);
  return [...lines, ...dated.filter((its) => !stated.has(its.day)).map(({ each }) => readMove(each, false))];
}

/** Objects of ours that Revio knows, and by whose last word nothing moved: not missing there, but of another status. */
const unmoved = (
  statuses: readonly { objectId: string; status: string }[],
  ours: readonly OurMove[],
  statement: Statement | null,
): TheirMove[] => {
  if (statement !== null) return [];
  const known = new Map(statuses.map(({ objectId, status }) => [objectId, status]));
  return ours.flatMap(({ kind, objectId, currency, at }) => {
    const status = kind === 'deposit' || kind === 'withdrawal' ? known.get(objectId) : undefined;
    if (status === undefined || movedStatuses.has(status) || kind === 'adjustment') return [];
    return [{ ...nothing, kind, objectId, currency, status, at, from: 'read' }];
  });
};

/** A status of an object that did move says nothing of a movement that we were not told of. */
const movedStatuses = new Set(['paid', 'cleared', 'settled', 'pending_refund', 'refunded', 'chargeback', 'success']);
const nothing = { reference: '', amountMinor: 0n, feeMinor: 0n, onDay: false } as const;

type MoveLine = StatementLine & { kind: MoveKind };
const isMove = <Line extends StatementLine>(line: Line): line is Line & MoveLine => line.kind !== 'fee';
const keyOf = ({ kind, objectId }: TheirMove): string => `${kind} ${objectId}`;

const lineMove = ({ grossMinor: amountMinor, line: _line, ...rest }: MoveLine, onDay: boolean): TheirMove => ({
  kind: rest.kind,
  objectId: rest.objectId,
  reference: rest.reference,
  currency: rest.currency,
  amountMinor,
  feeMinor: rest.feeMinor,
  status: rest.status,
  at: rest.at,
  onDay,
  from: 'statement',
});

const readMove = ({ movedAt: at, isRead, ...rest }: KnownMove, onDay: boolean): TheirMove => ({
  ...rest,
  at,
  onDay,
  status: 'settled',
  from: isRead ? 'read' : 'webhook',
});

const sourceKind = { deposit: 'credit', reversal: 'reversal', payout_return: 'payout-return' } as const;

/** Our postings of other days for what Revio counts on this one. */
export async function oursElsewhere(
  deps: GatherDeps,
  ours: readonly OurMove[],
  theirs: readonly TheirMove[],
): Promise<OurMove[]> {
  const known = new Set(ours.map(({ kind, objectId }) => `${kind} ${objectId}`));
  const without = theirs.filter((their) => their.onDay && !known.has(keyOf(their)));
  const payouts = without.filter(({ kind }) => kind === 'withdrawal').map(({ objectId }) => objectId);
  const owners = await deps.transact((tx) => tx.transactionsOfObjects(payouts));
  const sources = new Map<string, Pick<LedgerMove, 'kind' | 'sourceId'>>();
  for (const { kind, objectId } of without)
    if (kind !== 'withdrawal') sources.set(`${kind} ${objectId}`, { kind: sourceKind[kind], sourceId: objectId });
  for (const { transactionId } of owners) sources.set(transactionId, { kind: 'settlement', sourceId: transactionId });
  const found = await deps.ledger.find([...sources.values()]);
  return deps.transact((tx) => oursOf(tx, found, false));
}
