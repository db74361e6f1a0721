import type { Outcome } from './answers.ts';
import type { Deliveries } from './deliveries.ts';
import { type FaultInput, type Faults, faultSchema } from './faults.ts';
import { newKey, signatureOf } from './keys.ts';
import type { PayoutPlan } from './payout-plans.ts';
import { type PayoutWire, payoutShape } from './payout-shape.ts';
import { failPayout, returnPayout, succeedPayout } from './payouts.ts';
import type { Platform } from './platform.ts';
import { type PurchaseWire, purchaseShape } from './purchase-shape.ts';
import { chargeBackPurchase, chargeCard, expirePurchase, markAsPaid, refundPurchase } from './purchases.ts';
import { type PaymentWire, refundShape } from './refund-shape.ts';
import type { RequestLog } from './request-log.ts';
import type { Card, Delivery, KeyPems, Payout, Purchase, Webhook } from './state.ts';
import { type StatementInput, statementOf } from './statements.ts';
import { type ProviderRow, providerTruth } from './truth.ts';

/** An object by its id, or the latest one with a reference. */
type Target = { id?: string | undefined; reference?: string | undefined };

type RawWebhook = {
  /** A string is sent as it is; anything else as its JSON. */
  body: unknown;
  /** `retired` is the key that the last rotation replaced; `stranger` belongs to nobody; `none` leaves the header out. */
  key?: 'webhook' | 'company' | 'retired' | 'stranger' | 'none' | undefined;
  /** Signs with the second scheme of REVIO.md §5 instead: Unix seconds and the event's id go into the signed text. */
  timestamped?: { timestamp: number; event_id: string } | undefined;
  url?: string | undefined;
  headers?: Record<string, string> | undefined;
};

/** The typed face of `POST /_sim/…`: the same names, inputs and results. Throws `ControlRefused` where nothing was done. */
export type Control = {
  /** Minor units where another amount comes in than was asked for. */
  pay(target: Target & { amount?: number | undefined }): PurchaseWire;
  decline(target: Target & { code?: string | undefined }): PurchaseWire;
  expire(target: Target): PurchaseWire;
  latePay(target: Target): PurchaseWire;
  /** Whether the checkout page of an expired purchase takes a card. */
  allowLatePay(input: { allowed: boolean }): void;
  /** Minor units; all that is left by default. */
  refund(target: Target & { amount?: number | undefined }): PaymentWire;
  chargeback(target: Target): PaymentWire;
  markAsPaid(target: Target): PurchaseWire;
  payoutSucceed(target: Target): PayoutWire;
  payoutFail(target: Target): PayoutWire;
  payoutReturn(target: Target): PayoutWire;
  /** What executions from now on lead to: those of one reference, or all that no account number decides. */
  payoutPlan(input: { plan: PayoutPlan; reference?: string | undefined }): void;
  /** Simulated milliseconds; resolves when all that it fired was delivered or refused. */
  advance(input: { ms: number }): Promise<{ fired: number }>;
  /** Resolves when no delivery is on its way. */
  settled(): Promise<void>;
  faults: { add(fault: FaultInput): void; clear(): void; list: Faults['list'] };
  pauseDeliveries(): void;
  resumeDeliveries(): void;
  rotateKey(input: { key: 'webhook' | 'company' }): Promise<{ public_key: string }>;
  sendWebhook(webhook: RawWebhook): Promise<{ status: number | null; error: string | null }>;
  webhookUrl(input: { url: string | null }): void;
  truth(): ProviderRow[];
  /** A CSV of what moved between two moments; wrong in one place where that is asked for. */
  statement(input: StatementInput): { csv: string };
  objects(input: { reference: string }): (PurchaseWire | PaymentWire | PayoutWire)[];
  deliveries(): Delivery[];
  requests: RequestLog['read'];
  keys(): { company_public_key: string; webhook_public_key: string };
};

export class ControlRefused extends Error {
  override readonly name = 'ControlRefused';
}

export type ControlDeps = {
  platform: Platform;
  faults: Faults;
  deliveries: Deliveries;
  requests: RequestLog;
  strangersKey: KeyPems;
  /** The webhook that is registered from the start. */
  webhook: Webhook;
};

/** The card of payments that nobody typed. */
const CARD: Card = { number: '4444333322221111', holder: 'T MOKOENA', expiryMonth: 12, expiryYear: 2099 };

function granted<Value>(outcome: Outcome<Value>): Value {
  if (outcome.ok) return outcome.value;
  throw new ControlRefused(JSON.stringify(outcome.errors));
}

function find<Item extends { request: { reference: string } }>(items: Map<string, Item>, target: Target): Item[] {
  if (target.id === undefined)
    return [...items.values()].filter(({ request }) => request.reference === target.reference);
  const item = items.get(target.id);
  return item === undefined ? [] : [item];
}

function findPurchase({ books }: Platform, target: Target): Purchase {
  const purchase = find(books.purchases, target).at(-1);
  if (purchase === undefined) throw new ControlRefused(`No purchase ${JSON.stringify(target)}.`);
  return purchase;
}

/** Of several payouts with one reference the executed one is meant: the others are orphans of a lost answer. */
function findPayout({ books }: Platform, target: Target): Payout {
  const payouts = find(books.payouts, target);
  const payout = payouts.findLast(({ status }) => status !== 'initialized') ?? payouts.at(-1);
  if (payout === undefined) throw new ControlRefused(`No payout ${JSON.stringify(target)}.`);
  return payout;
}

function purchaseControl(platform: Platform) {
  const charge = (
    target: Target,
    late: boolean,
    failure: { code: string; message: string } | null,
    amountMinor?: number,
  ) => granted(chargeCard(platform, findPurchase(platform, target), { card: CARD, late, failure, amountMinor }));
  return {
    pay: ({ amount, ...target }) => charge(target, false, null, amount),
    decline: ({ code = 'insufficient_funds', ...target }) => charge(target, false, { code, message: 'Declined' }),
    expire: (target) => granted(expirePurchase(platform, findPurchase(platform, target))),
    latePay: (target) => charge(target, true, null),
    allowLatePay: ({ allowed }) => {
      platform.latePay.allowed = allowed;
    },
    refund: ({ amount, ...target }) =>
      granted(refundPurchase(platform, findPurchase(platform, target).id, amount === undefined ? {} : { amount })),
    chargeback: (target) => granted(chargeBackPurchase(platform, findPurchase(platform, target))),
    markAsPaid: (target) => granted(markAsPaid(platform, findPurchase(platform, target))),
  } satisfies Partial<Control>;
}

function payoutControl(platform: Platform) {
  return {
    payoutSucceed: (target) => granted(succeedPayout(platform, findPayout(platform, target))),
    payoutFail: (target) => granted(failPayout(platform, findPayout(platform, target))),
    payoutReturn: (target) => granted(returnPayout(platform, findPayout(platform, target))),
    payoutPlan: ({ plan, reference }) => {
      if (reference === undefined) platform.payoutPlans.standard = plan;
      else platform.payoutPlans.byReference.set(reference, plan);
    },
  } satisfies Partial<Control>;
}

function webhookControl({ platform, deliveries, webhook, strangersKey }: ControlDeps) {
  let retired: KeyPems = strangersKey;
  return {
    pauseDeliveries: deliveries.pause,
    resumeDeliveries: deliveries.resume,
    webhookUrl: ({ url }) => {
      webhook.callback = url;
      platform.changed();
    },
    rotateKey: async ({ key }) => {
      const fresh = await newKey();
      const current = key === 'company' ? platform.books.companyKey : webhook;
      retired = { privateKeyPem: current.privateKeyPem, publicKeyPem: current.publicKeyPem };
      Object.assign(current, fresh);
      platform.changed();
      return { public_key: fresh.publicKeyPem };
    },
    sendWebhook: ({ body, key = 'webhook', timestamped, url = webhook.callback ?? undefined, headers = {} }) => {
      if (url === undefined) throw new ControlRefused('No webhook URL is set.');
      const raw = typeof body === 'string' ? body : JSON.stringify(body);
      const keys = { webhook, company: platform.books.companyKey, retired, stranger: strangersKey };
      const signed = (text: string) => (key === 'none' ? '' : signatureOf(text, keys[key]));
      const plain = key === 'none' ? {} : { 'x-signature': signed(raw) };
      const relayed = timestamped && {
        'x-revio-timestamp': String(timestamped.timestamp),
        'x-revio-event-id': timestamped.event_id,
        'x-revio-signature': `sha256=${signed(`${timestamped.timestamp}.${timestamped.event_id}.${raw}`)}`,
      };
      return deliveries.post(url, raw, { ...(relayed ?? plain), ...headers });
    },
    keys: () => ({
      company_public_key: platform.books.companyKey.publicKeyPem,
      webhook_public_key: webhook.publicKeyPem,
    }),
  } satisfies Partial<Control>;
}

function objectsOf({ books, settings }: Platform, reference: string) {
  const purchases = find(books.purchases, { reference });
  const refundsOf = (purchase: Purchase) =>
    [...books.payments.values()].filter(({ purchaseId }) => purchaseId === purchase.id);
  return [
    ...purchases.map((purchase) => purchaseShape(purchase, settings)),
    ...purchases.flatMap((purchase) => refundsOf(purchase).map((payment) => refundShape(payment, purchase))),
    ...find(books.payouts, { reference }).map((payout) => payoutShape(payout, settings)),
  ];
}

export function createControl(deps: ControlDeps): Control {
  const { platform, faults, deliveries, requests } = deps;
  return {
    ...purchaseControl(platform),
    ...payoutControl(platform),
    ...webhookControl(deps),
    advance: async ({ ms }) => {
      const fired = await platform.clock.advance(ms, deliveries.settled);
      platform.changed();
      return { fired };
    },
    settled: deliveries.settled,
    faults: {
      add: (fault) => faults.add(faultSchema.parse(fault)),
      clear: faults.clear,
      list: faults.list,
    },
    truth: () => providerTruth(platform.books, platform.clock),
    statement: (input) => ({ csv: statementOf(platform.books, input) }),
    objects: ({ reference }) => objectsOf(platform, reference),
    deliveries: () => [...platform.books.deliveries.values()],
    requests: requests.read,
  };
}
