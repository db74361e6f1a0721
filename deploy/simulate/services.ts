import { createPublicKey } from 'node:crypto';
import { createClient, type Wire } from '#libs/http';
import { type Clock, createKeyed } from '#libs/runtime';
import { parseSealingKeys } from '#libs/sealed';
import { withAfterCommit } from '../../services/payments/src/after-commit.ts';
import { resumeDeposits } from '../../services/payments/src/deposit/resume-deposits.ts';
import { messageHandlers as paymentsHandlers } from '../../services/payments/src/handle-messages.ts';
import { createRevioProvider } from '../../services/payments/src/revio/client.ts';
import type { Step } from '../../services/payments/src/transaction/transaction.ts';
import { createWalletClient } from '../../services/payments/src/wallet/client.ts';
import { resumeHolds } from '../../services/payments/src/withdrawal/place-hold.ts';
import { submitPayouts } from '../../services/payments/src/withdrawal/submit-payout.ts';
import { createPause } from '../../services/payments/src/worker/pause.ts';
import { tellRetry } from '../../services/reconciler/src/dead-letters/tell-retry.ts';
import { messageHandlers as reconcilerHandlers } from '../../services/reconciler/src/handle-messages.ts';
import { readProvider as askPayments } from '../../services/reconciler/src/read-provider.ts';
import { rematch } from '../../services/reconciler/src/rematch.ts';
import { noOutage, sweep } from '../../services/reconciler/src/sweep.ts';
import { messageHandlers as walletHandlers } from '../../services/wallet/src/handle-messages.ts';
import { createDuplicateCounts } from '../../services/webhooks/src/duplicate-counts.ts';
import { receiveDelivery } from '../../services/webhooks/src/receive-delivery.ts';
import { recordFailed } from '../../services/webhooks/src/record-failed.ts';
import { recordHandled } from '../../services/webhooks/src/record-handled.ts';
import { createKeyRing } from '../../services/webhooks/src/signature/key-ring.ts';
import type { Databases, World } from './databases.ts';
import { logger, noMetrics, type Wired } from './replica.ts';
import { brandId, revioPublicKeyPem, revioUrl } from './revio.ts';
import type { Rules } from './rules.ts';
import type { Process } from './scheduler.ts';
import { plan } from './settings.ts';

export const simulatedServices = ['payments', 'wallet', 'webhooks', 'reconciler'] as const;
export type Simulated = (typeof simulatedServices)[number];

const minuteMs = 60_000;
const key = Buffer.alloc(32, 1);
export const sealingKeys = parseSealingKeys(`a:${Buffer.alloc(32, 2).toString('base64')}`);
const revioKey = createPublicKey(revioPublicKeyPem);

interface Life extends World {
  rules: Rules;
  databases: Databases;
  process: Process;
  /** This process's own: its business time may be ahead of or behind the others'. */
  clock: Clock;
  wireTo(peer: 'Revio' | Simulated): Wire;
}

const httpTo = (life: Life, peer: 'Revio' | Simulated, timeoutMs: number) =>
  createClient(
    {
      name: peer,
      baseUrl: peer === 'Revio' ? revioUrl : `http://${peer}.example`,
      timeoutMs,
      bodyBytesMax: 1_000_000,
      metrics: noMetrics,
      // Sooner than in production, where ten requests within ten seconds are nothing.
      breaker: { volumeThreshold: 3, windowMs: 10 * minuteMs },
      // Inherited, not copied: a logger has a hundred properties, and each life of a process has three of these.
      logger: Object.assign(Object.create(logger) as typeof logger, {
        warn: (_: unknown, said: string) => {
          if (said === 'circuit breaker opened') life.happened('breaker open');
        },
        info: (_: unknown, said: string) => {
          if (said === 'circuit breaker closed') life.happened('breaker closed');
        },
      }),
    },
    life.wireTo(peer),
  );

const outboxOf = ({ databases, scheduler, process }: Life, name: Simulated): Wired['outbox'] => {
  const { transactOf, hasWork } = databases.outboxes[name];
  return { transact: transactOf(scheduler, process), hasWork };
};

export function wirePayments(life: Life) {
  const { chance, databases, process, clock, happened, rules } = life;
  const transact = withAfterCommit(databases.payments.transactOf(process), {
    logger,
    wakeRelay: () => {},
    metrics: noMetrics,
  });
  const deps = {
    transact,
    clock,
    logger,
    newId: chance.newId,
    newUuid: chance.newUuid,
    provider: createRevioProvider({
      http: httpTo(life, 'Revio', 10_000),
      baseUrl: `${revioUrl}/api/v1/`,
      apiKey: 'key',
      brandId,
      isTest: true,
      publicUrl: 'https://piggybank.example',
      clock,
      logger,
      noteSkew: () => {},
    }),
    wallet: createWalletClient({ http: httpTo(life, 'wallet', 5_000), key }),
    sealingKeys,
    webhookEvents: { noteArrival: async () => {}, noteHandling: async () => {} },
    purchasePause: createPause(clock),
    walletPause: createPause(clock),
    payoutPause: createPause(clock),
    wakePayouts: () => {},
    leaseMs: minuteMs,
    duplicateWaitMs: 0,
    retry: { retryMsMin: 1_000, retryMsMax: 60_000 },
    providerPauseMs: 5_000,
    depositDueMs: 60 * minuteMs,
    depositGiveUpMs: 15 * minuteMs,
    payoutFreshMs: 10 * minuteMs,
    depositLimits: { min: {}, max: {} },
    withdrawalLimits: rules.amounts,
    approvalPolicy: rules.approval,
    coolOffMs: 0,
    noteUnavailable: () => {},
    noteExecuted: (outcome: string) => happened(`execute: ${outcome}`),
    noteFailure: () => {},
  };
  const isDue = (step: Step): boolean => {
    const now = clock.now();
    return databases.payments.port
      .transactions()
      .some(({ nextStep, leasedUntil }) => nextStep === step && leasedUntil !== null && leasedUntil <= now);
  };
  const wired: Wired = {
    handlers: paymentsHandlers(deps),
    loops: [
      { name: 'resume-deposits', run: () => resumeDeposits(deps), hasWork: () => isDue('create_purchase') },
      { name: 'resume-holds', run: () => resumeHolds(deps), hasWork: () => isDue('place_hold') },
      { name: 'submit-payouts', run: () => submitPayouts(deps), hasWork: () => isDue('submit_payout') },
    ],
    outbox: outboxOf(life, 'payments'),
  };
  return { deps, wired };
}

export function wireWallet(life: Life) {
  const { chance, databases, process, clock, rules } = life;
  const deps = {
    transact: databases.wallet.transactOf(process),
    queue: createKeyed(),
    clock,
    newUuid: chance.newUuid,
    limitsOf: () => rules.limits,
  };
  const wired: Wired = {
    handlers: walletHandlers(deps),
    loops: [],
    outbox: outboxOf(life, 'wallet'),
  };
  return { deps, wired };
}

export function wireWebhooks(life: Life) {
  const { chance, databases, process, clock } = life;
  const transact = databases.webhooks.transactOf(process);
  const duplicates = createDuplicateCounts(transact);
  const deps = {
    transact,
    keyRing: createKeyRing({
      configured: { webhook: [revioKey], company: [], relay: [] },
      fetchKeys: undefined,
      restMs: minuteMs,
      clock,
      logger,
      asked: () => {},
    }),
    acceptedSchemes: ['plain'] as const,
    allowlist: undefined,
    unverified: { count: async () => undefined, max: 1_000, rowsMax: 100 },
    duplicates,
    sealingKeys,
    clock,
    newUuid: chance.newUuid,
    logger,
  };
  const wired: Wired = {
    handlers: {
      'reconciler.observation-handled.v1': (event) => recordHandled(deps, event),
      'reconciler.observation-failed.v1': (event) => recordFailed(deps, event),
    },
    loops: [{ name: 'count-duplicates', run: () => duplicates.write(), hasWork: () => true }],
    outbox: outboxOf(life, 'webhooks'),
  };
  const receive = (raw: Buffer, signature: string) =>
    receiveDelivery(deps, {
      raw,
      headers: { plain: [signature], timestamped: { signature: [], timestamp: [], eventId: [] } },
      sourceAddress: '192.0.2.1',
    });
  return { receive, wired };
}

export function wireReconciler(life: Life) {
  const { chance, databases, process, clock, rules } = life;
  const { port } = databases.reconciler;
  const leaseName = process.name;
  const transact = databases.reconciler.transactOf(process);
  const deps = { transact, clock, newUuid: chance.newUuid, policy: rules.policy, plan };
  const asking = { payments: httpTo(life, 'payments', 20_000), paymentsKey: key, logger, pauseMs: 30_000 };
  const readProvider = (due: Parameters<typeof askPayments>[1]) => askPayments(asking, due);
  const sweepDeps = {
    ...deps,
    pageMax: 100,
    concurrencyMax: 2,
    leaseMs: 10 * minuteMs,
    outage: noOutage(),
    pauseMs: 30_000,
    readProvider,
  };
  const wired: Wired = {
    handlers: reconcilerHandlers(deps, () => {}),
    retried: (event, reason) => tellRetry({ transact, wakeRelay: () => {} } as never, event, reason),
    loops: [
      {
        name: 'sweep',
        run: () => sweep(sweepDeps),
        hasWork: () => {
          const now = clock.now();
          return port.objects().some(({ nextReadAt }) => nextReadAt !== null && nextReadAt <= now);
        },
      },
      {
        name: 'rematch',
        run: () =>
          rematch({
            ...deps,
            holdsLease: async () => (await databases.leases('rematch', leaseName, 3 * minuteMs)) !== null,
            retryAfterMs: minuteMs,
            unmatchedAfterMs: 24 * 60 * minuteMs,
          }),
        hasWork: () =>
          port.waiting().length > 0 || port.subjects().some(({ objectId, endedAt }) => objectId === null && !endedAt),
      },
    ],
    outbox: outboxOf(life, 'reconciler'),
  };
  return { people: { ...deps, readProvider, proposalTtlMs: 24 * 60 * minuteMs }, wired };
}
