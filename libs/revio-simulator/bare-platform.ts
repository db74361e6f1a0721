import { type Answer, answerOf, notFound } from './answers.ts';
import { payoutShape } from './payout-shape.ts';
import { createPayout, executePayout, failPayout, returnPayout, succeedPayout } from './payouts.ts';
import type { Platform, Settings, WireObject } from './platform.ts';
import { purchaseShape } from './purchase-shape.ts';
import {
  cancelPurchase,
  chargeBackPurchase,
  chargeCard,
  createPurchase,
  expirePurchase,
  markAsPaid,
  refundPurchase,
} from './purchases.ts';
import type { Books, Purchase } from './state.ts';

/** The platform's rules with nothing around them: no server, no keys, no clock of its own. For runs in which all of that is simulated. */
export function barePlatform(deps: {
  settings: Settings;
  nowMs: () => number;
  at: (dueMs: number, run: () => void) => void;
  newId: () => string;
  emit: (event: string, object: WireObject) => void;
  changed: () => void;
}) {
  const books: Books = {
    purchases: new Map(),
    payments: new Map(),
    payouts: new Map(),
    webhooks: new Map(),
    deliveries: new Map(),
    companyKey: { privateKeyPem: '', publicKeyPem: '' },
    sequence: 0,
  };
  const platform: Platform = {
    settings: deps.settings,
    books,
    clock: { nowMs: deps.nowMs, offsetMs: () => 0, at: deps.at, advance: async () => 0, stop: () => {} },
    nowS: () => Math.floor(deps.nowMs() / 1000),
    newId: deps.newId,
    emit: deps.emit,
    changed: deps.changed,
    payoutPlans: { standard: 'pending', byReference: new Map() },
    latePay: { allowed: false },
  };
  const card = { number: '4111111111111111', holder: 'A PAYER', expiryMonth: 12, expiryYear: 2030 };

  /** The calls that a merchant's backend makes (REVIO.md sections 3 and 4); whose key asks is not looked at. */
  function handle(method: string, path: string, input: unknown): Answer {
    const [, kind = '', id = '', action = ''] =
      /^\/(?:api\/v1\/)?([a-z]+)\/(?:([0-9a-f-]+)\/)?(?:([a-z]+)\/)?$/.exec(path) ?? [];
    const purchase = books.purchases.get(id);
    const payout = books.payouts.get(id);
    switch (`${method} ${kind} ${action}`) {
      case 'POST purchases ':
        return answerOf(createPurchase(platform, input, '192.0.2.1'), 201);
      case 'GET purchases ':
        return answerOf(
          purchase === undefined ? notFound : { ok: true, value: purchaseShape(purchase, deps.settings) },
        );
      case 'POST purchases cancel':
        return answerOf(cancelPurchase(platform, id));
      case 'POST payouts ':
        return answerOf(createPayout(platform, input), 201);
      case 'GET payouts ':
        return answerOf(payout === undefined ? notFound : { ok: true, value: payoutShape(payout, deps.settings) });
      case 'POST po bank':
        return answerOf(executePayout(platform, id, input));
      default:
        return answerOf(notFound);
    }
  }

  /** What payers, banks and the merchant's people do. Each returns whether it was possible. */
  const world = {
    pay: (purchase: Purchase, amountMinor?: number) =>
      chargeCard(platform, purchase, { card, failure: null, late: true, amountMinor }).ok,
    decline: (purchase: Purchase) =>
      chargeCard(platform, purchase, { card, failure: { code: 'declined', message: 'Declined' }, late: false }).ok,
    expire: (purchase: Purchase) => expirePurchase(platform, purchase).ok,
    markAsPaid: (purchase: Purchase) => markAsPaid(platform, purchase).ok,
    refund: (purchase: Purchase, amount?: number) =>
      refundPurchase(platform, purchase.id, amount === undefined ? {} : { amount }).ok,
    chargeBack: (purchase: Purchase) => chargeBackPurchase(platform, purchase).ok,
    payoutSucceeds: (id: string) => act(id, succeedPayout),
    payoutFails: (id: string) => act(id, failPayout),
    payoutReturns: (id: string) => act(id, returnPayout),
  };
  const act = (id: string, change: typeof succeedPayout): boolean => {
    const payout = books.payouts.get(id);
    return payout !== undefined && change(platform, payout).ok;
  };
  return { platform, handle, world };
}

export type BarePlatform = ReturnType<typeof barePlatform>;
