import { connectReplica, over } from '#libs/db';
import { createClient } from '#libs/http';
import { newId, newUuid } from '#libs/runtime';
import { type Platform, runService, storyRoutes } from '#libs/service';
import { withAfterCommit } from './after-commit.ts';
import { exposeWaiting } from './approval/metrics.ts';
import type { Config } from './config.ts';
import { resumeDeposits } from './deposit/resume-deposits.ts';
import type { Deps } from './deps.ts';
import { entities } from './entities.ts';
import { messageHandlers } from './handle-messages.ts';
import { createExportSlots } from './history/export-transactions.ts';
import { type History, heartbeatLoop, postgresHistory, replicaHistory } from './history/history-store.ts';
import { tellStory } from './history/tell-story.ts';
import { postgresWebhookEvents } from './history/webhook-event-store.ts';
import { paymentsMetrics } from './metrics.ts';
import { migrations } from './migrations/index.ts';
import { postgresPaymentsTx } from './payments-tx.ts';
import { createRevioProvider } from './revio/client.ts';
import { routes } from './routes.ts';
import { exposeOpen } from './transaction/metrics.ts';
import { createWalletClient } from './wallet/client.ts';
import { resumeHolds } from './withdrawal/place-hold.ts';
import { submitPayouts } from './withdrawal/submit-payout.ts';
import { createPause } from './worker/pause.ts';

/** A decision is 100 bytes, a purchase with a long history 10 KiB: what is larger is not an answer. */
const walletBodyBytesMax = 16 * 1024;
const revioBodyBytesMax = 512 * 1024;

export const start = (config: Config) =>
  runService({
    name: 'payments',
    config,
    migrations,
    entities,
    wire: (platform) => {
      const sql = platform.db.read;
      const deps = depsOf(platform);
      const intervalMs = config.WORKER_INTERVAL_MS;
      return {
        routes: routes(deps, [config.INTERNAL_KEY], storyRoutes({ sql, service: 'payments', tell: tellStory(sql) })),
        handlers: messageHandlers(deps),
        loops: [
          { name: 'resume-deposits', intervalMs, runOnce: () => resumeDeposits(deps) },
          { name: 'resume-holds', intervalMs, runOnce: () => resumeHolds(deps) },
          { name: 'submit-payouts', intervalMs, runOnce: () => submitPayouts(deps) },
          ...(config.HISTORY_DATABASE_URL === undefined ? [] : [heartbeatLoop(platform.db, config.HISTORY_LAG_MS_MAX)]),
        ],
      };
    },
  });

function depsOf(platform: Platform<Config>): Deps {
  const { config, logger, clock, metrics, db } = platform;
  const messages = { source: 'payments', newUuid, now: () => clock.now() } as const;
  const transact = over(db, (sql) => postgresPaymentsTx(sql, messages));
  const pauses = {
    create_purchase: createPause(clock),
    place_hold: createPause(clock),
    submit_payout: createPause(clock),
  };
  const { noteSkew, ...notes } = paymentsMetrics(metrics, pauses, logger);
  exposeWaiting(metrics, { sql: db.read, clock });
  exposeOpen(metrics, { sql: db.read, clock });

  const client = (name: string, baseUrl: string, timeoutMs: number, bodyBytesMax: number) => {
    const http = createClient({ name, baseUrl, timeoutMs, bodyBytesMax, metrics, logger });
    platform.releases.push(`${name} client`, () => http.close());
    return http;
  };
  const { origin } = new URL(config.REVIO_BASE_URL);
  const provider = createRevioProvider({
    http: client('revio', origin, config.REVIO_TIMEOUT_MS, revioBodyBytesMax),
    baseUrl: config.REVIO_BASE_URL,
    apiKey: config.REVIO_API_KEY,
    brandId: config.REVIO_BRAND_ID,
    isTest: config.REVIO_IS_TEST,
    publicUrl: config.PUBLIC_URL,
    clock,
    logger,
    noteSkew,
  });
  const wallet = createWalletClient({
    http: client('wallet', config.WALLET_URL, config.WALLET_TIMEOUT_MS, walletBodyBytesMax),
    key: config.INTERNAL_KEY_WALLET,
  });

  return {
    ...notes,
    transact: withAfterCommit(transact, platform),
    clock,
    logger,
    newId,
    newUuid,
    provider,
    wallet,
    freshHistory: postgresHistory(db),
    history: historyOf(platform),
    webhookEvents: postgresWebhookEvents(db.read),
    exportSlots: createExportSlots(),
    cursorKey: config.CURSOR_KEY,
    sealingKeys: config.SEALING_KEYS,
    purchasePause: pauses.create_purchase,
    walletPause: pauses.place_hold,
    payoutPause: pauses.submit_payout,
    wakePayouts: () => platform.wakeLoop('submit-payouts'),
    leaseMs: config.LEASE_MS,
    duplicateWaitMs: config.DUPLICATE_WAIT_MS,
    retry: { retryMsMin: config.RETRY_MIN_MS, retryMsMax: config.RETRY_MAX_MS },
    providerPauseMs: config.PROVIDER_PAUSE_MS,
    depositDueMs: config.DEPOSIT_DUE_MS,
    depositGiveUpMs: config.DEPOSIT_GIVE_UP_MS,
    payoutFreshMs: config.PAYOUT_FRESH_MS,
    depositLimits: { min: config.DEPOSIT_MIN, max: config.DEPOSIT_MAX },
    withdrawalLimits: { min: config.WITHDRAWAL_MIN, max: config.WITHDRAWAL_MAX },
    approvalPolicy: { above: config.WITHDRAWAL_APPROVAL_ABOVE, first: config.WITHDRAWAL_APPROVAL_FIRST },
    coolOffMs: config.BANK_ACCOUNT_COOL_OFF_MS,
  };
}

/** Lists, sums and exports are the one load that grows with the years; they may be read from a copy. */
function historyOf({ config, db, logger, releases }: Platform<Config>): History {
  const { HISTORY_DATABASE_URL: url, DB_POOL_MAX: poolMax } = config;
  if (url === undefined) return postgresHistory(db);
  const replica = connectReplica({ url, poolMax, applicationName: 'payments-history', logger });
  releases.push('history replica', () => replica.close());
  return replicaHistory(replica);
}
