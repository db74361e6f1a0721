import { acquireLease, over } from '#libs/db';
import { createClient } from '#libs/http';
import { newUuid } from '#libs/runtime';
import { type Platform, runService } from '#libs/service';
import { exposeCases } from './cases/metrics.ts';
import type { Config } from './config.ts';
import { wireConservation } from './conservation/wire-conservation.ts';
import { wireDeadLetters } from './dead-letters/wire-dead-letters.ts';
import type { Policy } from './decision.ts';
import type { Deps } from './deps.ts';
import { entities } from './entities.ts';
import { messageHandlers } from './handle-messages.ts';
import { migrations } from './migrations/index.ts';
import { type ReadProviderDeps, readProvider } from './read-provider.ts';
import { postgresReconcilerTx, type ReadDue } from './reconciler-store.ts';
import { rematch } from './rematch.ts';
import { wireReports } from './reports/wire-reports.ts';
import { routes } from './routes.ts';
import type { ReadPlan } from './schedule.ts';
import { type FreshRead, noOutage, type SweepDeps, sweep } from './sweep.ts';

/** An observation is below 10 KiB: its history of statuses is bounded. */
const readBytesMax = 64 * 1024;
/** Three runs may be missed before another replica takes the job over. */
const leaseIntervals = 3;

/** All wiring of this service. */
export const start = (config: Config) => runService({ name: 'reconciler', config, migrations, entities, wire });

function wire(platform: Platform<Config>) {
  const { config, db, clock, wakeLoop } = platform;
  const deps: Deps = {
    transact: over(db, (sql) => postgresReconcilerTx(sql, { source: 'reconciler', newUuid, now: () => clock.now() })),
    clock,
    newUuid,
    policy: policyOf(config),
    plan: planOf(config),
    decided: decisionCounter(platform),
  };
  const asking = askPayments(platform);
  exposeCases(platform.metrics, { sql: db.read, clock });
  const deadLetters = wireDeadLetters(platform);
  const reports = wireReports(platform, deps, asking);
  const holder = newUuid();
  const leaseMs = config.REMATCH_INTERVAL_MS * leaseIntervals;
  return {
    routes: routes({
      ...deps,
      readProvider: asking,
      proposalTtlMs: config.PROPOSAL_TTL_MS,
      internalKeys: [config.INTERNAL_KEY],
      deadLetters: deadLetters.routes,
      reports: reports.routes,
      sql: db.read,
    }),
    beforeBody: reports.beforeBody,
    handlers: messageHandlers(deps, () => wakeLoop('sweep')),
    retried: deadLetters.retried,
    loops: [
      deadLetters.loop,
      reports.loop,
      wireConservation(platform),
      { name: 'sweep', intervalMs: config.SWEEP_INTERVAL_MS, runOnce: sweeper(config, deps, asking) },
      {
        name: 'rematch',
        intervalMs: config.REMATCH_INTERVAL_MS,
        runOnce: () =>
          rematch({
            ...deps,
            holdsLease: async () => (await acquireLease(db.read, 'rematch', holder, leaseMs)) !== null,
            retryAfterMs: config.REMATCH_INTERVAL_MS,
            unmatchedAfterMs: config.UNMATCHED_AFTER_MS,
          }),
      },
    ],
  };
}

/** A fresh read of Revio through payments, counted. */
function askPayments({ config, logger, metrics, releases }: Platform<Config>) {
  const payments = createClient({
    name: 'payments',
    baseUrl: config.PAYMENTS_URL,
    timeoutMs: config.READ_TIMEOUT_MS,
    bodyBytesMax: readBytesMax,
    metrics,
    logger,
  });
  releases.push('payments client', () => payments.close());
  const reads = metrics.counter({
    name: 'reconciler_provider_reads_total',
    help: 'Fresh reads of Revio through payments',
    labels: ['outcome'],
    zero: [{ outcome: 'read' }, { outcome: 'unavailable' }, { outcome: 'failed' }],
  });
  const asking: ReadProviderDeps = {
    payments,
    paymentsKey: config.INTERNAL_KEY_PAYMENTS,
    logger,
    pauseMs: config.READ_PAUSE_MS,
  };
  return async (due: ReadDue): Promise<FreshRead> => {
    const fresh = await readProvider(asking, due);
    reads.inc({ outcome: fresh.kind });
    return fresh;
  };
}

function sweeper(config: Config, deps: Deps, read: SweepDeps['readProvider']) {
  const sweepDeps: SweepDeps = {
    ...deps,
    pageMax: config.SWEEP_PAGE_MAX,
    concurrencyMax: config.SWEEP_CONCURRENCY_MAX,
    leaseMs: config.READ_LEASE_MS,
    readProvider: read,
    outage: noOutage(),
    pauseMs: config.READ_PAUSE_MS,
  };
  return (signal: AbortSignal) => sweep(sweepDeps, signal);
}

function decisionCounter({ metrics, wakeRelay }: Platform<Config>): NonNullable<Deps['decided']> {
  const kinds = ['settle', 'fail', 'reverse', 'return', 'ignore', 'park', 'read', 'case'] as const;
  const decisions = metrics.counter({
    name: 'reconciler_decisions_total',
    help: 'What followed from observations, repeats included',
    labels: ['decision'],
    zero: kinds.map((decision) => ({ decision })),
  });
  return ({ kind }) => {
    decisions.inc({ decision: kind });
    wakeRelay();
  };
}

const policyOf = (config: Config): Policy => ({
  brandId: config.REVIO_BRAND_ID,
  isTest: config.REVIO_IS_TEST,
  staleAfterMs: config.STALE_AFTER_MS,
  skewMaxMs: config.CLOCK_SKEW_MAX_MS,
  executeWindowMs: config.REVIO_EXECUTE_WINDOW_MS,
  executeWindowEnforced: config.REVIO_EXECUTE_WINDOW_ENFORCED,
  payoutPendingMaxMs: config.PAYOUT_PENDING_MAX_MS,
  absencesMax: config.ABSENCES_MAX,
  failedReadsMax: config.FAILED_READS_MAX,
  reversalGraceMs: config.REVERSAL_GRACE_MS,
  purchaseUndecidedMaxMs: config.PURCHASE_UNDECIDED_MAX_MS,
});

const planOf = (config: Config): ReadPlan => ({
  depositAfterMs: config.DEPOSIT_READ_AFTER_MS,
  depositDueMarginMs: config.DEPOSIT_DUE_MARGIN_MS,
  withdrawalAfterMs: config.WITHDRAWAL_READ_AFTER_MS,
  earlyStepsMs: config.EARLY_READ_STEPS_MS,
  stepsMs: config.READ_STEPS_MS,
  failedDepositAgesMs: config.FAILED_DEPOSIT_READ_AGES_MS,
  completedDepositAgesMs: config.COMPLETED_DEPOSIT_READ_AGES_MS,
  endedPayoutAgesMs: config.ENDED_PAYOUT_READ_AGES_MS,
});
