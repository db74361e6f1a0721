import { over, type Transact } from '#libs/db';
import { createClient } from '#libs/http';
import type { LoopDefinition } from '#libs/runtime';
import { newUuid } from '#libs/runtime';
import type { Platform } from '#libs/service';
import type { Config } from '../config.ts';
import { postgresReconcilerTx } from '../reconciler-store.ts';
import { askWallet } from './ask-wallet.ts';
import type { ConservationTx } from './conservation-store.ts';
import { exposeConservation } from './metrics.ts';
import { watchConservation } from './watch-conservation.ts';

/** A page of 200 postings is 80 KiB. */
const pageBytesMax = 1024 * 1024;
/** One page or look-up's patience: both are a few milliseconds of work. */
const askTimeoutMs = 10_000;

/** The conservation check as a loop of this service, with its metrics. */
export function wireConservation(platform: Platform<Config>): LoopDefinition {
  const { config, db, clock, logger, metrics, releases, wakeRelay } = platform;
  const wallet = createClient({
    name: 'wallet',
    baseUrl: config.WALLET_URL,
    timeoutMs: askTimeoutMs,
    bodyBytesMax: pageBytesMax,
    metrics,
    logger,
  });
  releases.push('wallet client of the conservation check', () => wallet.close());
  const compared = metrics.counter({
    name: 'conservation_compared_total',
    help: 'Postings and movements at Revio that were compared with their partner for the first time',
    labels: ['feed'],
    zero: [{ feed: 'postings' }, { feed: 'movements' }],
  });
  const messages = { source: 'reconciler', newUuid, now: () => clock.now() } as const;
  const committing = over<ConservationTx>(db, (sql) => ({ ...postgresReconcilerTx(sql, messages), sql }));
  const transact: Transact<ConservationTx> = async (work, options) => {
    const result = await committing(work, options);
    wakeRelay();
    return result;
  };
  const intervalMs = config.CONSERVATION_INTERVAL_MS;
  const watch = watchConservation({
    ...{
      sql: db,
      transact,
      postings: askWallet(wallet, config.INTERNAL_KEY_WALLET),
      clock,
      newUuid,
      logger,
      intervalMs,
    },
    holder: newUuid(),
    flowMaxMs: config.CONSERVATION_FLOW_MAX_MS,
    compared: (feed, count) => compared.inc({ feed }, count),
  });
  exposeConservation(metrics, { last: watch.last, clock, intervalMs });
  return { name: 'conservation', intervalMs, runOnce: watch.runOnce };
}
