import type { Router } from 'express';
import { acquireLease, over } from '#libs/db';
import { createClient } from '#libs/http';
import { openRedelivery, type Retried, startCollector } from '#libs/messaging';
import { type LoopDefinition, newUuid } from '#libs/runtime';
import type { Platform } from '#libs/service';
import type { Config } from '../config.ts';
import { askInboxes, type InboxDeps } from './ask-inboxes.ts';
import { collectDeadMessage } from './collect-dead-message.ts';
import { deadLetterRoutes } from './dead-letter-routes.ts';
import { postgresDeadLetters } from './dead-letter-store.ts';
import type { DeadLetterDeps } from './deps.ts';
import { deadLetterMetrics } from './metrics.ts';
import { replayDeadLetters } from './replay-dead-letters.ts';
import { tellRetry } from './tell-retry.ts';

/** A look into an inbox by its key takes milliseconds; people wait for this one. */
const lookupTimeoutMs = 5_000;
/** 500 ids of 39 characters. */
const lookupBytesMax = 64 * 1024;
/** Three runs may be missed before another replica takes the job over. */
const leaseIntervals = 3;
const loopName = 'replay-dead-letters';

/** What the reconciler is made of for the dead letter queues: what empties them, what people see, and what puts back. */
export function wireDeadLetters(platform: Platform<Config>): {
  routes: Router;
  loop: LoopDefinition;
  retried: Retried;
} {
  const { db, clock, logger, metrics, config, releases, broker, wakeRelay, wakeLoop } = platform;
  if (broker === undefined) throw new Error('dead letter queues need a broker');
  const messages = { source: 'reconciler', newUuid, now: () => clock.now() } as const;
  const transact = over(db, (sql) => postgresDeadLetters(sql, messages));
  const redelivery = openRedelivery(broker);
  releases.push('redelivery', () => redelivery.stop());
  const deps: DeadLetterDeps = {
    transact,
    clock,
    newUuid,
    redelivery,
    handledBy: askInboxes({ transact, services: inboxClients(platform) }),
    counted: deadLetterMetrics(metrics, { read: db.read, collecting: () => collector.collecting() }),
    wakeReplays: () => wakeLoop(loopName),
    wakeRelay,
  };
  const collector = startCollector({ broker, logger, collect: (message) => collectDeadMessage(deps, message) });
  releases.push('collector of dead messages', () => collector.stop());

  const holder = newUuid();
  const leaseMs = config.REPLAY_INTERVAL_MS * leaseIntervals;
  const holdsLease = async () => (await acquireLease(db.read, loopName, holder, leaseMs)) !== null;
  return {
    routes: deadLetterRoutes(deps),
    loop: {
      name: loopName,
      intervalMs: config.REPLAY_INTERVAL_MS,
      runOnce: () => replayDeadLetters({ ...deps, logger, holdsLease }),
    },
    retried: (event, reason) => tellRetry(deps, event, reason),
  };
}

function inboxClients({ config, metrics, logger, releases }: Platform<Config>): InboxDeps['services'] {
  const reach = (name: 'wallet' | 'payments' | 'webhooks', baseUrl: string, key: Buffer) => {
    const limits = { timeoutMs: lookupTimeoutMs, bodyBytesMax: lookupBytesMax };
    const client = createClient({ name, baseUrl, ...limits, metrics, logger });
    releases.push(`inbox of ${name}`, () => client.close());
    return { client, key };
  };
  return {
    wallet: reach('wallet', config.WALLET_URL, config.INTERNAL_KEY_WALLET),
    payments: reach('payments', config.PAYMENTS_URL, config.INTERNAL_KEY_PAYMENTS),
    webhooks: reach('webhooks', config.WEBHOOKS_URL, config.INTERNAL_KEY_WEBHOOKS),
  };
}
