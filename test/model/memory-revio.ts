import type { Observation, PaymentObservation, PayoutObservation, PurchaseObservation } from '#libs/contracts';
import type { Provider } from '../../services/payments/src/revio/provider.ts';

/** Revio as a few maps, for runs in which thousands of systems come and go in a minute: its truth, and what it would tell of it. */
export interface MemoryRevio {
  provider: Provider;
  /** Each change as the webhook that tells it, oldest first. */
  told: Observation[];
  purchases(): PurchaseObservation[];
  payouts(): PayoutObservation[];
  /** Minor units that went back, by reference. */
  wentBack(reference: string): bigint;
  change(objectId: string, status: string): void;
  refund(purchaseId: string, amountMinor: bigint, kind: 'refund' | 'chargeback'): void;
  /** What the next call of this kind meets: its effect, and then an answer or none. */
  loseAnswer(call: 'createPurchase' | 'createPayout' | 'executePayout'): void;
}

type Snapshot = PurchaseObservation | PayoutObservation;

const lost = { kind: 'unavailable', cause: 'timeout', retryAfterMs: null } as const;
const paid = new Set(['paid', 'refunded', 'chargeback']);

export function memoryRevio(now: () => Date, newId: () => string): MemoryRevio {
  const objects = new Map<string, Snapshot>();
  const back = new Map<string, bigint>();
  const told: Observation[] = [];
  const losing = new Set<string>();
  const second = (): string => new Date(Math.floor(now().getTime() / 1000) * 1000).toISOString();
  const common = (reference: string) => ({
    source: 'webhook' as const,
    observed_at: now().toISOString(),
    provider_date: null,
    object_id: newId(),
    reference,
    created_on: second(),
    updated_on: second(),
    is_test: true,
    brand_id: 'our-brand',
  });
  const put = <Object extends Snapshot>(object: Object): Object => {
    objects.set(object.object_id, object);
    told.push(object);
    return object;
  };
  const read = async (id: string) => {
    const provenance = { source: 'read', observed_at: now().toISOString(), provider_date: second() } as const;
    const object = objects.get(id);
    const observation: Observation =
      object === undefined ? { object_type: 'absent', object_id: id, ...provenance } : { ...object, ...provenance };
    return { kind: 'read', observation } as const;
  };
  const change = (id: string, status: string): void => {
    const before = objects.get(id);
    if (before === undefined) return;
    const common = { status, updated_on: second(), observed_at: now().toISOString() };
    if (before.object_type === 'payout') return void put({ ...before, ...common });
    const payment = { is_outgoing: false, amount_minor: before.total_minor, fee_minor: '0', currency: 'ZAR' };
    put({
      ...before,
      ...common,
      status_history: [...before.status_history, status],
      ...(paid.has(status) ? { payment, refundable_minor: leftOf(before) } : {}),
    });
  };
  const leftOf = ({ object_id, total_minor }: PurchaseObservation): string =>
    (BigInt(total_minor) - (back.get(object_id) ?? 0n)).toString();

  return {
    told,
    purchases: () => [...objects.values()].filter((object) => object.object_type === 'purchase'),
    payouts: () => [...objects.values()].filter((object) => object.object_type === 'payout'),
    wentBack: (purchaseId) => back.get(purchaseId) ?? 0n,
    change,
    refund: (purchaseId, amountMinor, kind) => {
      const purchase = objects.get(purchaseId);
      if (purchase?.object_type !== 'purchase') return;
      back.set(purchaseId, (back.get(purchaseId) ?? 0n) + amountMinor);
      change(purchaseId, kind === 'refund' ? 'refunded' : 'chargeback');
      const payment: PaymentObservation = {
        object_type: 'payment',
        ...common(purchase.reference),
        status: 'success',
        payment_type: kind,
        event_type: kind === 'refund' ? 'payment.refunded' : 'payment.charged_back',
        is_outgoing: true,
        amount_minor: amountMinor.toString(),
        currency: 'ZAR',
        purchase_id: purchaseId,
      };
      told.push(payment);
    },
    loseAnswer: (call) => void losing.add(call),
    provider: {
      createPurchase: async ({ reference, amountMinor }) => {
        const { object_id: id } = put({
          object_type: 'purchase',
          ...common(reference),
          status: 'created',
          status_history: ['created'],
          marked_as_paid: false,
          currency_converted: false,
          total_minor: amountMinor.toString(),
          total_currency: 'ZAR',
          payment: null,
        });
        if (losing.delete('createPurchase')) return lost;
        return { kind: 'created', created: { id, checkoutUrl: `https://pay.example/p/${id}/` } };
      },
      cancelPurchase: async (id) => {
        change(id, 'cancelled');
        return true;
      },
      createPayout: async ({ reference, amountMinor }) => {
        const { object_id: id } = put({
          object_type: 'payout',
          ...common(reference),
          status: 'initialized',
          amount_minor: amountMinor.toString(),
          currency: 'ZAR',
        });
        if (losing.delete('createPayout')) return lost;
        return { kind: 'created', created: { id, executionUrl: id, createdOn: new Date(second()) } };
      },
      executePayout: async (id) => {
        if (objects.get(id)?.status === 'initialized') change(id, 'pending');
        return losing.delete('executePayout')
          ? { kind: 'unknown', cause: 'timeout' }
          : { kind: 'answered', status: 200 };
      },
      readPurchase: read,
      readPayout: read,
    },
  };
}
