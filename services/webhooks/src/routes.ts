import express, { type Request, Router } from 'express';
import { requireInternal, requireStaff } from '#libs/auth';
import { transactionId } from '#libs/contracts';
import type { Metrics } from '#libs/telemetry';
import { listDeliveries } from './list-deliveries.ts';
import type { ReceivedDelivery } from './log-row.ts';
import { refusals, unknownTransactionId } from './problems.ts';
import { type ReceiveDeps, receipts, receiveDelivery } from './receive-delivery.ts';

/** Revio's fullest sample has 6 kB; a purchase whose card failed a thousand times has half a megabyte. */
const bodyBytesMax = 1024 * 1024;

const signatureHeader = 'x-signature';
const timestampedHeaders = ['x-revio-signature', 'x-revio-timestamp', 'x-revio-event-id'];

/**
 * `POST /webhooks/revio`, for Revio: nothing may read the body before us, because the signature is over its bytes. Compressed bodies
 * are refused (415): a small one may be a large one, and Revio sends none.
 */
export function publicRoutes(deps: ReceiveDeps & { metrics: Metrics; wakeRelay: () => void }): Router {
  const deliveries = deps.metrics.counter({
    name: 'webhook_deliveries_total',
    help: 'Deliveries that were read to their end, by what became of them',
    labels: ['receipt'],
    zero: receipts.map((receipt) => ({ receipt })),
  });
  const raw = express.raw({ type: () => true, limit: bodyBytesMax, inflate: false });
  return Router().post('/webhooks/revio', raw, async (request, response) => {
    const receipt = await receiveDelivery(deps, receivedDelivery(request));
    deliveries.inc({ receipt });
    const refusal = refusals[receipt];
    if (refusal !== null) throw refusal;
    if (receipt === 'accepted') deps.wakeRelay();
    response.json({ receipt });
  });
}

function receivedDelivery(request: Request): ReceivedDelivery {
  return {
    raw: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0), // without a body there is nothing to parse
    signatures: request.headersDistinct[signatureHeader] ?? [],
    timestamped: timestampedHeaders.some((name) => request.headers[name] !== undefined),
    sourceAddress: request.socket.remoteAddress ?? 'unknown',
  };
}

/** For the gateway, on behalf of support and admins. */
export function internalRoutes(
  deps: Parameters<typeof listDeliveries>[0] & { internalKeys: readonly Buffer[] },
): Router {
  const guard = requireInternal({ audience: 'webhooks', keys: deps.internalKeys });
  return Router().get('/deliveries', guard, async (request, response) => {
    requireStaff(request);
    const id = transactionId.safeParse(request.query['transaction_id']);
    if (!id.success) throw unknownTransactionId;
    response.json({ data: await listDeliveries(deps, id.data) });
  });
}
