import { over, type Transact } from '#libs/db';
import { postgresMessages } from '#libs/messaging';
import { createKeyed, newUuid } from '#libs/runtime';
import { type Platform, runService } from '#libs/service';
import { createHoldBatches } from './batch-holds.ts';
import { exposeLedger } from './checker/metrics.ts';
import { watchLedger } from './checker/watch-ledger.ts';
import type { Config } from './config.ts';
import { entities } from './entities.ts';
import { exposeFreezes } from './freezes/metrics.ts';
import { messageHandlers } from './handle-messages.ts';
import type { LedgerDeps } from './in-wallet.ts';
import { postgresLedger, type WalletTx } from './ledger/ledger-store.ts';
import { placeHolds } from './ledger/place-holds.ts';
import { migrations } from './migrations/index.ts';
import { routes } from './routes.ts';

export const start = (config: Config) =>
  runService({
    name: 'wallet',
    config: { ...config, DATABASE_URL: byIndexOnly(config.DATABASE_URL) },
    migrations,
    entities,
    wire: (platform) => {
      const ledger = ledgerOf(platform);
      const { dataSource } = platform.db;
      const { clock, logger, metrics } = platform;
      const intervalMs = config.LEDGER_CHECK_INTERVAL_MS;
      const fullEvery = config.LEDGER_CHECK_FULL_EVERY;
      const checker = watchLedger({
        ledger,
        sql: platform.db,
        clock,
        logger,
        holder: newUuid(),
        intervalMs,
        fullEvery,
      });
      exposeFreezes(metrics, platform.db.read);
      exposeLedger(metrics, { last: checker.last, clock, intervalMs });
      return {
        ...routes({ ledger, dataSource, sql: platform.db.read, internalKeys: [config.INTERNAL_KEY] }),
        handlers: messageHandlers(ledger),
        loops: [{ name: 'check-ledger', intervalMs, runOnce: checker.runOnce }],
      };
    },
  });

/** One in the database and one on its way; more lanes make smaller batches. */
const holdLanes = 2;
/** Without batches, as many as there are connections (ONE_TRIP_CONNECTIONS): 1650 instead of 1250 holds/s, measured. */
const lanesAlone = 4;

function ledgerOf({ config, db, clock, wakeRelay }: Platform<Config>): LedgerDeps {
  const now = () => clock.now();
  const transact = over<WalletTx>(db, (sql) => ({
    ...postgresLedger(sql),
    ...postgresMessages(sql, { source: 'wallet', newUuid, now }),
  }));
  const transactAndWake: Transact<WalletTx> = async (work, options) => {
    const result = await transact(work, options);
    wakeRelay();
    return result;
  };
  const limitsOf: LedgerDeps['limitsOf'] = (currency) => ({
    dailyMinor: config.WITHDRAWAL_DAILY_LIMITS[currency] ?? null,
    monthlyMinor: config.WITHDRAWAL_MONTHLY_LIMITS[currency] ?? null,
  });
  const place = placeHolds({ oneTrip: db.oneTrip, clock, newUuid });
  const batchHolds = createHoldBatches({
    place: async (orders) => {
      const placed = await place(orders);
      wakeRelay();
      return placed;
    },
    batchMax: config.HOLD_BATCH_MAX,
    lanes: config.HOLD_BATCH_MAX === 1 ? lanesAlone : holdLanes,
  });
  return { transact: transactAndWake, queue: createKeyed(), clock, newUuid, limitsOf, batchHolds };
}

/**
 * While a table is small the planner likes to scan it, and under SERIALIZABLE whoever scans a table has read all of it: 50 accounts
 * cost 17 retries per transaction that way, and one by index 0.04 (measured). Every statement of ours has a key to go by.
 */
function byIndexOnly(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  const given = url.searchParams.get('options');
  url.searchParams.set('options', `${given ?? ''} -c enable_seqscan=off`.trim());
  return url.href;
}
