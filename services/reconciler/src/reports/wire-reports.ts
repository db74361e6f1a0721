import express, { Router } from 'express';
import { acquireLease, over } from '#libs/db';
import { createClient } from '#libs/http';
import { type LoopDefinition, newUuid } from '#libs/runtime';
import type { Platform } from '#libs/service';
import type { Config } from '../config.ts';
import type { Deps } from '../deps.ts';
import { postgresReconcilerTx, type ReadDue } from '../reconciler-store.ts';
import type { FreshRead } from '../sweep.ts';
import type { ReportsTx } from './make-report.ts';
import { postgresProviderSide } from './provider-side-store.ts';
import { ledgerOver } from './read-ledger.ts';
import { reportRoutes } from './report-routes.ts';
import { postgresReports } from './report-store.ts';
import { statementBytesMax } from './request-schemas.ts';
import { runReports } from './run-reports.ts';
import { postgresRuns } from './run-store.ts';

/** A sum over all entries takes a second per million. */
const ledgerTimeoutMs = 15_000;
/** A page of a thousand postings has some 250 kB. */
const ledgerBytesMax = 2 * 1024 * 1024;
/** Three runs may be missed before another replica takes the job over. */
const leaseIntervals = 3;
const loopName = 'daily-reports';

/** What the reconciler is made of for the daily report. */
export function wireReports(
  platform: Platform<Config>,
  deps: Deps,
  readProvider: (due: ReadDue) => Promise<FreshRead>,
): { routes: Router; beforeBody: Router; loop: LoopDefinition } {
  const { config, db, clock, logger, metrics, releases, wakeRelay, wakeLoop } = platform;
  const wallet = createClient({
    name: 'wallet',
    baseUrl: config.WALLET_URL,
    timeoutMs: ledgerTimeoutMs,
    bodyBytesMax: ledgerBytesMax,
    metrics,
    logger,
  });
  releases.push('ledger for reports', () => wallet.close());
  const made = metrics.counter({
    name: 'reconciler_reports_total',
    help: 'Daily reports made, by whether both sides agree',
    labels: ['agrees'],
    zero: [{ agrees: 'yes' }, { agrees: 'no' }],
  });
  const reportDeps = {
    ...deps,
    transact: over<ReportsTx>(db, (sql) => ({
      ...postgresReconcilerTx(sql, { source: 'reconciler', newUuid, now: () => clock.now() }),
      ...postgresProviderSide(sql),
      ...postgresReports(sql),
      ...postgresRuns(sql),
    })),
    ledger: ledgerOver(wallet, config.INTERNAL_KEY_WALLET),
    zone: config.REPORT_TIME_ZONE,
    delayMs: config.REPORT_DELAY_MS,
  };
  const holder = newUuid();
  const leaseMs = config.REPORT_INTERVAL_MS * leaseIntervals;
  const runDeps = {
    ...reportDeps,
    readProvider,
    readsMax: config.REPORT_READS_MAX,
    concurrencyMax: config.SWEEP_CONCURRENCY_MAX,
    logger,
    holdsLease: async () => (await acquireLease(db.read, loopName, holder, leaseMs)) !== null,
    daysBackMax: config.REPORT_DAYS_BACK_MAX,
    claimMs: config.REPORT_CLAIM_MS,
    pauseMs: config.REPORT_PAUSE_MS,
    made: ({ totals }: { totals: { unexplained: string; counts: Record<string, number> } }) => {
      made.inc({ agrees: isExplained(totals) ? 'yes' : 'no' });
      wakeRelay();
    },
  };
  return {
    routes: reportRoutes({
      ...reportDeps,
      wakeReports: () => {
        wakeRelay();
        wakeLoop(loopName);
      },
    }),
    beforeBody: Router().post('/statements', express.json({ limit: statementBytesMax, inflate: false })),
    loop: {
      name: loopName,
      intervalMs: config.REPORT_INTERVAL_MS,
      runOnce: (signal) => runReports(runDeps, signal),
    },
  };
}

/** Two differences that cancel each other out are two all the same. */
const isExplained = ({ counts }: { counts: Record<string, number> }): boolean =>
  Object.entries(counts).every(([result, n]) => n === 0 || result === 'matched' || result === 'ours_alone');
