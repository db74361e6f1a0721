import { answerOf, json, notFound } from './answers.ts';
import { payoutShape } from './payout-shape.ts';
import { createPayout, executePayout } from './payouts.ts';
import type { Platform } from './platform.ts';
import { purchaseShape } from './purchase-shape.ts';
import { cancelPurchase, createPurchase, refundPurchase } from './purchases.ts';
import { type Route, route } from './route.ts';
import { listDeliveries, readWebhook, registerWebhook } from './webhooks.ts';

const created = 201;

/** REVIO.md §2–§5: what the merchant's servers call. */
export function apiRoutes(platform: Platform): Route[] {
  const { books, settings } = platform;
  const get = (name: string, run: Route['run']) => route(name, '/api/v1', { auth: 'required', takes: 'nothing', run });
  const post = (name: string, run: Route['run']) => route(name, '/api/v1', { auth: 'required', takes: 'json', run });
  return [
    post('POST /purchases/', (call) => answerOf(createPurchase(platform, call.json, call.clientIp), created)),
    get('GET /purchases/{id}/', ({ id }) => {
      const purchase = books.purchases.get(id);
      return purchase === undefined ? answerOf(notFound) : json(200, purchaseShape(purchase, settings));
    }),
    post('POST /purchases/{id}/cancel/', ({ id }) => answerOf(cancelPurchase(platform, id))),
    post('POST /purchases/{id}/refund/', (call) => answerOf(refundPurchase(platform, call.id, call.json))),
    post('POST /payouts/', (call) => answerOf(createPayout(platform, call.json), created)),
    get('GET /payouts/{id}/', ({ id }) => {
      const payout = books.payouts.get(id);
      return payout === undefined ? answerOf(notFound) : json(200, payoutShape(payout, settings));
    }),
    route('POST /po/{id}/bank/', '', {
      auth: 'optional',
      takes: 'json',
      run: (call) => answerOf(executePayout(platform, call.id, call.json)),
    }),
    get('GET /public_key/', () => json(200, books.companyKey.publicKeyPem)),
    post('POST /webhooks/', async (call) => answerOf(await registerWebhook(platform, call.json), created)),
    get('GET /webhooks/deliveries/', ({ query }) => answerOf(listDeliveries(platform, query))),
    get('GET /webhooks/{id}/', ({ id }) => answerOf(readWebhook(platform, id))),
  ];
}
