import { over } from '#libs/db';
import { newUuid } from '#libs/runtime';
import { runService } from '#libs/service';
import { createBudget } from './budget.ts';
import type { Config } from './config.ts';
import { postgresWebhooksTx } from './delivery-store.ts';
import { entities } from './entities.ts';
import { migrations } from './migrations/index.ts';
import { recordHandled } from './record-handled.ts';
import { internalRoutes, publicRoutes } from './routes.ts';

export const start = (config: Config) =>
  runService({
    name: 'webhooks',
    config,
    migrations,
    entities,
    wire: ({ logger, clock, db, metrics, wakeRelay }) => {
      const messages = { source: 'webhooks' as const, newUuid, now: clock.now };
      const deps = {
        transact: over(db, (sql) => postgresWebhooksTx(sql, messages)),
        publicKeys: config.REVIO_WEBHOOK_PUBLIC_KEYS,
        sealingKeys: config.SEALING_KEYS,
        internalKeys: [config.INTERNAL_KEY],
        unverifiedRows: createBudget(clock, config.UNVERIFIED_ROWS_PER_MINUTE),
        clock,
        newUuid,
        logger,
        metrics,
        wakeRelay,
      };
      return {
        beforeBody: publicRoutes(deps),
        routes: internalRoutes(deps),
        handlers: { 'reconciler.observation-handled.v1': (event) => recordHandled(deps, event) },
      };
    },
  });
