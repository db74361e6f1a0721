import express, { type Request, Router } from 'express';
import { requireInternal, requireStaff } from '#libs/auth';
import type { Sql } from '#libs/db';
import { parseQuery, sourceAddress } from '#libs/http';
import { limitRefusal, tellLimit } from '#libs/rate-limits';
import { inboxRoute, storyRoutes } from '#libs/service';
import type { Metrics } from '#libs/telemetry';
import { deliveriesQuery, listDeliveries } from './list-deliveries.ts';
import type { ReceivedDelivery } from './log-row.ts';
import { refusals } from './problems.ts';
import { type ReceiveDeps, receipts, receiveDelivery } from './receive-delivery.ts';
import { tellStory } from './tell-story.ts';
import { unverifiedLimit } from './unverified-limit.ts';

/** Of which nobody has vouched for the sender. */
const strangers = ['unverified', 'not_allowed', 'limited'];

/** Revio's fullest sample has 6 kB; a purchase whose card failed a thousand times has half a megabyte. */
const bodyBytesMax = 1024 * 1024;

interface PublicDeps extends ReceiveDeps {
  trustedProxies: number;
  /** When the newest delivery came that somebody vouched for, as the log knows at the start. */
  lastVerifiedAt: Date | null;
  metrics: Metrics;
  wakeRelay: () => void;
}

/**
 * `POST /webhooks/revio`, for Revio: nothing may read the body before us, because the signature is over its bytes. Compressed bodies
 * are refused (415): a small one may be a large one, and Revio sends none.
 */
export function publicRoutes(deps: PublicDeps): Router {
  const lastVerified = deps.metrics.gauge({
    name: 'webhooks_last_verified_timestamp_seconds',
    help: 'When the newest rightly signed delivery came, Unix time; absent before the first. Silence means that Revio cannot reach us',
  });
  if (deps.lastVerifiedAt !== null) lastVerified.set(deps.lastVerifiedAt.getTime() / 1000);
  const deliveries = deps.metrics.counter({
    name: 'webhook_deliveries_total',
    help: 'Deliveries that were read to their end, by what became of them',
    labels: ['receipt'],
    zero: receipts.map((receipt) => ({ receipt })),
  });
  const limit = unverifiedLimit(deps.unverified.max);
  const raw = express.raw({ type: () => true, limit: bodyBytesMax, inflate: false });
  return Router().post('/webhooks/revio', raw, async (request, response) => {
    const received = await receiveDelivery(deps, receivedDelivery(deps, request));
    const { receipt } = received;
    deliveries.inc({ receipt });
    if (!strangers.includes(receipt)) lastVerified.set(deps.clock.now().getTime() / 1000);
    if (received.receipt === 'limited') {
      tellLimit(response, limit, { remaining: 0, resetMs: received.resetMs });
      throw limitRefusal(limit, received);
    }
    const refusal = refusals[received.receipt];
    if (refusal !== null) throw refusal;
    if (receipt === 'accepted') deps.wakeRelay();
    response.json({ receipt });
  });
}

function receivedDelivery({ trustedProxies }: PublicDeps, request: Request): ReceivedDelivery {
  const all = (name: string): string[] => request.headersDistinct[name] ?? [];
  return {
    raw: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0), // without a body there is nothing to parse
    headers: {
      plain: all('x-signature'),
      timestamped: {
        signature: all('x-revio-signature'),
        timestamp: all('x-revio-timestamp'),
        eventId: all('x-revio-event-id'),
      },
    },
    sourceAddress: sourceAddress(request.socket.remoteAddress, all('x-forwarded-for'), trustedProxies),
  };
}

/** For the gateway, on behalf of support and admins. */
export function internalRoutes(
  deps: Parameters<typeof listDeliveries>[0] & { internalKeys: readonly Buffer[]; sql: Sql },
): Router {
  const guard = requireInternal({ audience: 'webhooks', keys: deps.internalKeys });
  const router = Router().get('/deliveries', guard, async (request, response) => {
    requireStaff(request);
    const query = parseQuery(deliveriesQuery, request);
    response.json(await listDeliveries(deps, query));
  });
  return router
    .use(['/inbox-lookups', '/story', '/story-messages'], guard)
    .use(inboxRoute(deps))
    .use(storyRoutes({ sql: deps.sql, service: 'webhooks', tell: tellStory(deps) }));
}
