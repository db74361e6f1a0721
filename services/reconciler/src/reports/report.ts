import type { Currency } from '#libs/money';
import type { Comparison, Line } from './compare-day.ts';
import type { MoveKind } from './observed-move.ts';

/** A report that is wanted, once per cause: `schedule`, `statement:<id>` or `request:<id>`. */
export interface ReportRun {
  id: string;
  day: string;
  currency: Currency;
  cause: string;
  requestedAt: Date;
  state: 'wanted' | 'done' | 'failed';
  attempts: number;
  failure: string | null;
}

/** Revio's own list of a day. */
export interface Statement {
  id: string;
  day: string;
  /** SHA-256 of the day and the file. */
  contentHash: string;
  lines: number;
  importedBy: string;
  importedAt: Date;
}

export interface StatementLine {
  /** In the file; the head is line 1. */
  line: number;
  kind: MoveKind | 'fee';
  objectId: string;
  reference: string;
  currency: Currency;
  grossMinor: bigint;
  feeMinor: bigint;
  status: string;
  at: Date;
}

/** One version of a day's report. It is never changed: a new run makes a new version. */
export interface Report {
  id: string;
  runId: string;
  day: string;
  currency: Currency;
  version: number;
  zone: string;
  from: Date;
  until: Date;
  takenAt: Date;
  /** Whether the day was over, and everything that had begun in it. */
  isFinal: boolean;
  /** Of the day, if one was imported by then: it then speaks for Revio. */
  statementId: string | null;
  /** Objects that should have been read at Revio first and could not be. */
  unread: number;
  totals: ReportTotals;
}

/** Signed minor units as text, which is what jsonb keeps exactly. */
interface Sides {
  ours: string;
  theirs: string;
}

export interface ReportTotals {
  opening: Sides;
  lines: Record<Line, Sides>;
  closing: Sides;
  /** What Revio kept, without a sign; in no total. */
  fees: string;
  cut_off: string;
  unexplained: string;
  /** Items by result. */
  counts: Record<string, number>;
}

const lineNames = ['deposit', 'withdrawal', 'reversal', 'payout_return', 'adjustment'] as const;

/** What the ledger said of the same span by its entries alone. */
export interface Ends {
  openingMinor: bigint;
  closingMinor: bigint;
}

/** Each side closes with what it opened with and what moved. */
export function totalsOf(found: Comparison, ours: Ends, theirOpeningMinor: bigint): ReportTotals {
  const theirClosing = lineNames.reduce((sum, line) => sum + found.theirs[line], theirOpeningMinor);
  const counts: Record<string, number> = {};
  for (const { result } of found.items) counts[result] = (counts[result] ?? 0) + 1;
  return {
    opening: sides(ours.openingMinor, theirOpeningMinor),
    lines: Object.fromEntries(
      lineNames.map((line) => [line, sides(found.ours[line], found.theirs[line])]),
    ) as ReportTotals['lines'],
    closing: sides(ours.closingMinor, theirClosing),
    fees: found.feesMinor.toString(),
    cut_off: found.cutOffMinor.toString(),
    unexplained: found.unexplainedMinor.toString(),
    counts,
  };
}

const sides = (ours: bigint, theirs: bigint): Sides => ({ ours: ours.toString(), theirs: theirs.toString() });
