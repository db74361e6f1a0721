import { randomUUID } from 'node:crypto';
import type { Observation } from '#libs/contracts';
import { connectDatabase, type Database, over } from '#libs/db';
import type { Currency } from '#libs/money';
import { freshDatabase } from '#libs/testing';
import { entities } from '../src/entities.ts';
import { postgresReconcilerTx } from '../src/reconciler-store.ts';
import type { ReportsTx } from '../src/reports/make-report.ts';
import { postgresProviderSide } from '../src/reports/provider-side-store.ts';
import type { Ledger, LedgerMove } from '../src/reports/read-ledger.ts';
import type { ReportItem } from '../src/reports/report-store.ts';
import { postgresReports } from '../src/reports/report-store.ts';
import { type RunReportsDeps, runReports } from '../src/reports/run-reports.ts';
import { postgresRuns } from '../src/reports/run-store.ts';
import { plan, policy } from './samples.ts';
import { logger } from './worlds.ts';

/** The days of these tests; in Johannesburg it is two hours later than in UTC. */
export const [before, day, next] = ['2026-01-01', '2026-01-02', '2026-01-03'] as const;
export const noon = new Date('2026-01-02T10:00:00.000Z');
export const soonAfter = (at: Date, ms = 1_000): Date => new Date(at.getTime() + ms);

/** A ledger that holds what a test posts in it. */
function ledgerOf(posted: LedgerMove[], trouble: { lacks: LedgerMove[] }): Ledger {
  const inSpan = (move: LedgerMove, from: Date, until: Date) => move.at >= from && move.at < until;
  const sum = (moves: LedgerMove[]) => moves.reduce((all, { amountMinor }) => all + amountMinor, 0n);
  return {
    totals: async ({ from, until }) => {
      const currencies = [...new Set(posted.filter(({ at }) => at < until).map(({ currency }) => currency))];
      return new Map(
        currencies.map((currency) => {
          const own = posted.filter((move) => move.currency === currency);
          const opening = sum(own.filter(({ at }) => at < from));
          const closing = sum(own.filter(({ at }) => at < until));
          return [currency as Currency, { openingMinor: opening, closingMinor: closing }];
        }),
      );
    },
    postings: async ({ from, until }, currency) =>
      posted.filter((move) => move.currency === currency && inSpan(move, from, until) && !trouble.lacks.includes(move)),
    find: async (sources) =>
      posted.filter((move) => sources.some(({ kind, sourceId }) => kind === move.kind && sourceId === move.sourceId)),
  };
}

export interface ReportWorld {
  deps: RunReportsDeps;
  /** A second process on the same database, with the same ledger and Revio. */
  replica: RunReportsDeps;
  db: Database;
  ownerUrl: string;
  time: { now: Date };
  posted: LedgerMove[];
  /** Postings that the ledger's pages do not show yet. */
  trouble: { lacks: LedgerMove[] };
  revio: { says: Map<string, Observation>; isDown: boolean; asked: string[] };
  run(): Promise<number>;
  items(day: string, currency?: Currency, version?: number): Promise<ReportItem[]>;
  causes(): Promise<string[]>;
  close(): Promise<void>;
}

export async function reportWorld(): Promise<ReportWorld> {
  const fresh = await freshDatabase('reconciler');
  const connect = () =>
    connectDatabase({ url: fresh.url, entities, poolMax: 5, applicationName: 'reconciler', logger });
  const [db, second] = await Promise.all([connect(), connect()]);
  const time = { now: new Date('2026-01-03T09:00:00.000Z') };
  const clock = { now: () => time.now };
  const posted: LedgerMove[] = [];
  const trouble = { lacks: [] as LedgerMove[] };
  const revio: ReportWorld['revio'] = { says: new Map(), isDown: false, asked: [] };
  const messages = { source: 'reconciler', newUuid: randomUUID, now: () => clock.now() } as const;
  const on = (base: Database): RunReportsDeps => ({
    transact: over<ReportsTx>(base, (sql) => ({
      ...postgresReconcilerTx(sql, messages),
      ...postgresProviderSide(sql),
      ...postgresReports(sql),
      ...postgresRuns(sql),
    })),
    clock,
    newUuid: randomUUID,
    policy,
    plan,
    logger,
    ledger: ledgerOf(posted, trouble),
    zone: 'Africa/Johannesburg',
    delayMs: 7_200_000,
    readProvider: async ({ objectId }) => {
      revio.asked.push(objectId);
      const said = revio.says.get(objectId);
      if (revio.isDown) return { kind: 'unavailable', retryAfterMs: null };
      return said === undefined ? { kind: 'failed' } : { kind: 'read', observation: { ...said, source: 'read' } };
    },
    readsMax: 100,
    concurrencyMax: 2,
    holdsLease: async () => true,
    daysBackMax: 1,
    claimMs: 60_000,
    pauseMs: 1,
  });
  const deps = on(db);
  return {
    deps,
    replica: on(second),
    db,
    ownerUrl: fresh.ownerUrl,
    time,
    posted,
    trouble,
    revio,
    run: async () => {
      let made = 0;
      for (let more = 1; more > 0; made += more) more = await runReports(deps);
      return made;
    },
    items: async (of, currency = 'ZAR', version) => {
      const report = await deps.transact((tx) => tx.findReport(of, currency, version));
      return report === null ? [] : deps.transact((tx) => tx.pageItems(report.id, 0, 1_000));
    },
    causes: async () => (await deps.transact((tx) => tx.listCases(1_000))).map(({ cause }) => cause),
    close: async () => {
      await Promise.all([db.close(), second.close()]);
      await fresh.close();
    },
  };
}
