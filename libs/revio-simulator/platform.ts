import type { SimClock } from './clock.ts';
import type { PayoutPlan } from './payout-plans.ts';
import type { Books } from './state.ts';

/** What one brand on the platform is configured with. */
export type Settings = {
  /** Scheme, host and port of every URL handed out: the checkout page and `execution_url` are on the API's own host. */
  publicUrl: string;
  apiKey: string;
  brandId: string;
  executeWindowMs: number;
  /** Null: a pending payout waits for a control call. */
  payoutSettleMs: number | null;
};

/** A Purchase, Payment or Payout as the wire shows it. */
export type WireObject = { id: string; type: 'purchase' | 'payment' | 'payout'; success_callback?: string | null };

/** What every operation of the simulator needs. */
export type Platform = {
  settings: Settings;
  books: Books;
  clock: SimClock;
  /** Wall-clock Unix seconds, for every time on the wire. */
  nowS(): number;
  newId(): string;
  /** Queues the webhooks of one event with the object as it is now; returns before any is sent. */
  emit(event: string, object: WireObject): void;
  /** Says that the books changed, so that the state file follows. */
  changed(): void;
  /** What the next executions do, set by control calls: by reference, else for all. */
  payoutPlans: { standard: PayoutPlan; byReference: Map<string, PayoutPlan> };
  /** Whether the checkout page of an expired purchase still takes a card. */
  latePay: { allowed: boolean };
};
