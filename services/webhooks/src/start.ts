import { acquireLease, over } from '#libs/db';
import { createClient } from '#libs/http';
import { newUuid } from '#libs/runtime';
import { type Platform, runService } from '#libs/service';
import type { Config } from './config.ts';
import { postgresWebhooksTx } from './delivery-store.ts';
import { createDuplicateCounts } from './duplicate-counts.ts';
import { entities } from './entities.ts';
import { expireDeliveries } from './expire-deliveries.ts';
import { migrations } from './migrations/index.ts';
import { recordFailed } from './record-failed.ts';
import { recordHandled } from './record-handled.ts';
import { internalRoutes, publicRoutes } from './routes.ts';
import { fetchKeys } from './signature/fetch-keys.ts';
import { createKeyRing, type KeyRing, keyFetches } from './signature/key-ring.ts';
import { countUnverified, unverifiedLimit } from './unverified-limit.ts';

/** A holder that is gone is replaced after as many intervals. */
const leaseIntervals = 3;
/** A PEM of 4096 bits has 800 bytes, the webhook around it some events. */
const keyAnswerBytesMax = 64 * 1024;

export const start = (config: Config) =>
  runService({
    name: 'webhooks',
    config,
    migrations,
    entities,
    wire: async (platform) => {
      const { logger, clock, db, metrics, wakeRelay, releases } = platform;
      const messages = { source: 'webhooks' as const, newUuid, now: clock.now };
      const transact = over(db, (sql) => postgresWebhooksTx(sql, messages));
      const duplicates = createDuplicateCounts(transact);
      releases.push('duplicate counts', async () => void (await duplicates.write()));
      const deps = {
        transact,
        keyRing: keyRing(platform),
        acceptedSchemes: config.WEBHOOK_SCHEMES,
        allowlist: config.WEBHOOK_IP_ALLOWLIST,
        trustedProxies: config.TRUSTED_PROXIES,
        sealingKeys: config.SEALING_KEYS,
        internalKeys: [config.INTERNAL_KEY],
        sql: db.read,
        unverified: {
          count: countUnverified({ read: db.read, clock, logger }, unverifiedLimit(config.RATE_LIMIT_UNVERIFIED)),
          max: config.RATE_LIMIT_UNVERIFIED,
          rowsMax: config.UNVERIFIED_ROWS_PER_MINUTE,
        },
        duplicates,
        lastVerifiedAt: await transact((tx) => tx.lastVerifiedAt()),
        clock,
        newUuid,
        logger,
        metrics,
        wakeRelay,
      };
      return {
        beforeBody: publicRoutes(deps),
        routes: internalRoutes(deps),
        handlers: {
          'reconciler.observation-handled.v1': (event) => recordHandled(deps, event),
          'reconciler.observation-failed.v1': (event) => recordFailed(deps, event),
        },
        loops: [
          {
            name: 'count-duplicates',
            intervalMs: config.DUPLICATES_INTERVAL_MS,
            runOnce: async () => void (await duplicates.write()),
          },
          expiry(platform, deps),
        ],
      };
    },
  });

/** Configured keys, and where this service may ask Revio (ADR 4) those that it finds there. */
function keyRing({ config, clock, logger, metrics, releases }: Platform<Config>): KeyRing {
  const { REVIO_BASE_URL: baseUrl, REVIO_API_KEY: apiKey } = config;
  const fetches = metrics.counter({
    name: 'webhooks_key_fetches_total',
    help: 'How often Revio was asked for its keys because a signature was by none that is known',
    labels: ['outcome'],
    zero: keyFetches.map((outcome) => ({ outcome })),
  });
  const mayAsk = baseUrl !== undefined && apiKey !== undefined;
  const revio = mayAsk
    ? createClient({
        name: 'revio',
        baseUrl,
        timeoutMs: config.REVIO_KEYS_TIMEOUT_MS,
        bodyBytesMax: keyAnswerBytesMax,
        metrics,
        logger,
      })
    : undefined;
  if (revio !== undefined) releases.push('Revio client', () => revio.close());
  return createKeyRing({
    configured: {
      webhook: config.REVIO_WEBHOOK_PUBLIC_KEYS,
      company: config.REVIO_COMPANY_PUBLIC_KEYS ?? [],
      relay: config.REVIO_RELAY_PUBLIC_KEYS ?? [],
    },
    fetchKeys:
      revio !== undefined && apiKey !== undefined
        ? () => fetchKeys({ revio, apiKey }, config.REVIO_WEBHOOK_IDS)
        : undefined,
    restMs: config.REVIO_KEYS_REST_MS,
    clock,
    logger,
    asked: (outcome) => fetches.inc({ outcome }),
  });
}

function expiry(
  { config, db, clock }: Platform<Config>,
  { transact }: Pick<Parameters<typeof expireDeliveries>[0], 'transact'>,
) {
  const holder = newUuid();
  const intervalMs = config.LOG_EXPIRY_INTERVAL_MS;
  const deps = {
    transact,
    clock,
    holdsLease: async () =>
      (await acquireLease(db.read, 'expire-deliveries', holder, intervalMs * leaseIntervals)) !== null,
    keepDays: {
      payloads: config.LOG_PAYLOAD_DAYS,
      unverified: config.LOG_UNVERIFIED_DAYS,
      rows: config.LOG_ROW_DAYS,
    },
  };
  return { name: 'expire-deliveries', intervalMs, runOnce: () => expireDeliveries(deps) };
}
