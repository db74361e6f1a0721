import type { Transact } from '#libs/db';
import type { ReconcilerTx } from '../reconciler-store.ts';
import { type Comparison, compareDay } from './compare-day.ts';
import { type DayOfReport, type GatherDeps, gatherLedger, oursElsewhere, oursOf, theirsOf } from './gather-day.ts';
import { openDifferences } from './open-differences.ts';
import type { ProviderSideTx } from './provider-side-store.ts';
import { type ReadAgainDeps, readAgain } from './read-again.ts';
import { type Report, type ReportRun, totalsOf } from './report.ts';
import { boundsOf } from './report-day.ts';
import { type ReportTx, rowOf } from './report-store.ts';
import type { RunTx } from './run-store.ts';

export type ReportsTx = ReconcilerTx & ProviderSideTx & ReportTx & RunTx;

/** Each a pause apart: an hour of outage or ten minutes, as the pause is set. */
const attemptsMax = 10;

/** It is made anew later. */
export class ReportInterrupted extends Error {
  override readonly name = 'ReportInterrupted';
}

export interface ReportDeps extends Omit<ReadAgainDeps, 'transact'>, Omit<GatherDeps, 'transact'> {
  transact: Transact<ReportsTx>;
  /** From a day's end until its report can be made: everything that began in it has ended by then. */
  delayMs: number;
}

/**
 * Makes the report that a run wants: the ledger's postings of the day beside what Revio says. Written once per run, whoever else makes
 * it at the same time or was killed half-way: returns null if it was there. While the day lasts, the report ends now and opens no case.
 */
export async function makeReport(deps: ReportDeps, run: ReportRun, signal?: AbortSignal): Promise<Report | null> {
  const { day, currency } = run;
  const whole = boundsOf(day, deps.zone);
  const takenAt = deps.clock.now();
  const isFinal = takenAt.getTime() >= whole.until.getTime() + deps.delayMs;
  const bounds = takenAt < whole.until ? { ...whole, until: takenAt } : whole;
  const of: DayOfReport = { day, currency, bounds };

  const ledger = await gatherLedger(deps.ledger, bounds, currency);
  const compare = () => compareWith(deps, of, ledger.moves);
  const first = await compare();
  const { unread, isOut } = await readAgain(deps, first.found.items, signal);
  // What Revio could not be asked about looks like a difference. In the end the report says how much of it is unread.
  if (signal?.aborted || (isOut && run.attempts < attemptsMax)) throw new ReportInterrupted('not all could be read');
  const { found, statement, theirOpeningMinor } = await compare();

  return deps.transact(
    async (tx) => {
      if (!(await tx.lockWantedRun(run.id))) return null;
      const cases = isFinal ? await openDifferences(tx, deps, of, found.items) : new Map();
      const report = {
        id: deps.newUuid(),
        runId: run.id,
        day,
        currency,
        zone: deps.zone,
        ...bounds,
        takenAt,
        isFinal,
        statementId: statement?.id ?? null,
        unread,
        totals: totalsOf(found, ledger.ends, theirOpeningMinor),
      };
      const items = found.items.map((item, n) => rowOf(item, n + 1, cases.get(item) ?? null));
      const version = await tx.insertReport(report, items);
      await tx.endRun(run.id, null);
      return { ...report, version };
    },
    { onUnknownCommit: 'rerun' },
  );
}

async function compareWith(
  deps: ReportDeps,
  of: DayOfReport,
  moves: Awaited<ReturnType<typeof gatherLedger>>['moves'],
) {
  const { day, currency, bounds } = of;
  const gathered = await deps.transact(async (tx) => {
    const ours = await oursOf(tx, moves, true);
    const theirOpeningMinor = await tx.openingOf(currency, day, bounds.from, deps.zone);
    return { ours, theirOpeningMinor, ...(await theirsOf(tx, deps, of, ours)) };
  });
  const { ours, theirs, statement, theirOpeningMinor, otherFeesMinor } = gathered;
  const elsewhere = await oursElsewhere(deps, ours, theirs);
  const compared = compareDay(currency, [...ours, ...elsewhere], theirs);
  const found: Comparison = { ...compared, feesMinor: compared.feesMinor + otherFeesMinor };
  return { found, statement, theirOpeningMinor };
}
