import { isCurrency } from '#libs/money';
import type { Logger } from '#libs/runtime';
import { makeReport, type ReportDeps, ReportInterrupted } from './make-report.ts';
import { LedgerUnavailable } from './read-ledger.ts';
import type { Report } from './report.ts';
import { boundsOf, dayAfter, dayOf } from './report-day.ts';

export interface RunReportsDeps extends ReportDeps {
  logger: Logger;
  /** The schedule is one process's affair at a time (REQUIREMENTS R6); the making of a report may be anybody's. */
  holdsLease: () => Promise<boolean>;
  /** Days that are still reported when nobody was there to do it in time. */
  daysBackMax: number;
  /** Longer than a report takes; then another process makes what this one has taken. */
  claimMs: number;
  /** How long a report waits whose ledger cannot be asked. */
  pauseMs: number;
  made?: (report: Report) => void;
}

/** Asks for the reports of the days that are over, once per day and currency, however many processes do so. */
async function scheduleReports(deps: RunReportsDeps): Promise<void> {
  const now = deps.clock.now();
  const lastDay = dayAfter(dayOf(new Date(now.getTime() - deps.delayMs), deps.zone), -1);
  for (let back = deps.daysBackMax - 1; back >= 0; back--) {
    const day = dayAfter(lastDay, -back);
    if (await deps.transact((tx) => tx.isDayScheduled(day))) continue;
    const ledgers = await deps.ledger.totals(boundsOf(day, deps.zone));
    await deps.transact(async (tx) => {
      const currencies = new Set([...ledgers.keys(), ...(await tx.currenciesSeen()).filter(isCurrency)]);
      for (const currency of currencies)
        await tx.insertRun({ id: deps.newUuid(), day, currency, cause: 'schedule', requestedAt: now });
      await tx.markDayScheduled(day, now);
    });
  }
}

/** One look: the schedule if it is ours, then one report that is wanted. Returns how many were made. */
export async function runReports(deps: RunReportsDeps, signal?: AbortSignal): Promise<number> {
  try {
    if (await deps.holdsLease()) await scheduleReports(deps);
  } catch (err) {
    if (!(err instanceof LedgerUnavailable)) throw err;
    deps.logger.warn({ err }, 'the days to report cannot be looked up');
  }
  return runOneReport(deps, signal);
}

async function runOneReport(deps: RunReportsDeps, signal?: AbortSignal): Promise<number> {
  const run = await deps.transact((tx) => tx.claimRun(deps.claimMs));
  if (run === null) return 0;
  try {
    const report = await makeReport(deps, run, signal);
    if (report !== null) deps.made?.(report);
    return 1;
  } catch (err) {
    if (err instanceof RangeError) {
      deps.logger.error({ err, day: run.day, currency: run.currency }, 'a report cannot be made');
      await deps.transact((tx) => tx.endRun(run.id, 'too_many_postings'));
      return 1;
    }
    await deps.transact((tx) => tx.postponeRun(run.id, signal?.aborted ? 0 : deps.pauseMs));
    if (!(err instanceof LedgerUnavailable || err instanceof ReportInterrupted)) throw err;
    deps.logger.warn({ err, day: run.day, currency: run.currency }, 'a report waits for what it is made of');
    return 0;
  }
}
