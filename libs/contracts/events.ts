import { z } from 'zod';
import { observation } from './observation.ts';
import { currency, foreignId, instant, minorUnits, transactionId, userId } from './scalars.ts';

/** The five services; also the names of their queues, databases and token audiences. */
export const serviceNames = ['gateway', 'wallet', 'payments', 'webhooks', 'reconciler'] as const;
export type ServiceName = (typeof serviceNames)[number];

const money = { currency, amount_minor: minorUnits };
const transaction = { transaction_id: transactionId, user_id: userId, ...money };
const posted = { ...transaction, wallet_id: z.uuid(), posting_id: z.uuid() };
const purchase = { ...transaction, purchase_id: foreignId };
const payout = { ...transaction, payout_id: foreignId };
/** Why, as a stable word that people and dashboards can group by; never free text from the provider. */
const reason = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/);
/** Of an adjustment, as the user sees it. */
const direction = z.enum(['credit', 'debit']);
const freeze = z.object({ freeze_id: z.uuid(), user_id: userId.nullable(), currency: currency.nullable(), reason });

/**
 * Somebody did something that only support or admins may; what exactly is in the service's own append-only record, written in the
 * transaction of the act. The gateway chains them all in one audit log. One act has one `act_id`, however often it is told.
 */
const audited = z.object({ act_id: z.uuid(), actor_id: userId, action: reason, about: foreignId });

const define = <Data extends z.ZodType>(listeners: readonly ServiceName[], data: Data) => ({ listeners, data });

/**
 * Every message there is: who listens, and what it carries. Ids, types, statuses and amounts only, never personal or bank data.
 * The queues' bindings come from `listeners`, so that a message nobody listens to and a listener nobody feeds are both impossible.
 * An entry is never changed in a way that an older reader would refuse: a new meaning is a new version.
 */
export const events = {
  'payments.deposit-requested.v1': define(['reconciler'], z.object({ ...transaction, requested_at: instant })),
  'payments.purchase-created.v1': define(
    ['reconciler'],
    z.object({ ...purchase, requested_at: instant, due_at: instant }),
  ),
  'payments.withdrawal-requested.v1': define(['reconciler'], z.object({ ...transaction, requested_at: instant })),
  'payments.payout-submitted.v1': define(
    ['reconciler'],
    z.object({ ...payout, payout_created_at: instant, execute_sent_at: instant }),
  ),
  'payments.payout-observed.v1': define(
    ['reconciler'],
    z.object({ transaction_id: transactionId, payout_id: foreignId, observation }),
  ),
  'payments.void-requested.v1': define(['wallet'], z.object({ ...transaction, reason })),
  'payments.transaction-completed.v1': define(
    ['reconciler', 'gateway'],
    z.object({ ...transaction, kind: z.enum(['deposit', 'withdrawal', 'reversal']) }),
  ),
  'payments.transaction-failed.v1': define(
    ['reconciler', 'gateway'],
    z.object({
      ...transaction,
      kind: z.enum(['deposit', 'withdrawal']),
      status: z.enum(['failed', 'expired', 'cancelled']),
      reason,
    }),
  ),

  'wallet.hold-placed.v1': define(['payments'], z.object(posted)),
  'wallet.hold-posted.v1': define(['payments'], z.object(posted)),
  /** `posting_id` is null for a tombstone: a void that came before its hold moved nothing. */
  'wallet.hold-voided.v1': define(
    ['payments'],
    z.object({ ...posted, wallet_id: z.uuid().nullable(), posting_id: z.uuid().nullable(), reason }),
  ),
  'wallet.deposit-credited.v1': define(['payments'], z.object({ ...posted, purchase_id: foreignId })),
  'wallet.deposit-reversed.v1': define(
    ['payments', 'reconciler'],
    z.object({
      ...posted,
      purchase_id: foreignId,
      payment_id: foreignId,
      reversal: z.enum(['refund', 'chargeback']),
      /** The part that was no longer there and became a debt. */
      receivable_minor: minorUnits,
    }),
  ),
  'wallet.payout-returned.v1': define(['payments'], z.object({ ...posted, payout_id: foreignId })),
  /** An approved adjustment was posted; its id is the `transaction_id`. */
  'wallet.adjusted.v1': define(['reconciler'], z.object({ ...posted, direction })),
  /** A verdict or an approved adjustment that the ledger cannot apply: a human must look. */
  'wallet.posting-refused.v1': define(
    ['reconciler'],
    z.object({
      ...transaction,
      kind: z.enum(['credit', 'post', 'void', 'reversal', 'payout-return', 'adjustment']),
      source_id: foreignId,
      reason,
    }),
  ),

  /** No withdrawal leaves this wallet any more; with both null, none leaves any. Holds are refused by the wallet itself at once. */
  'wallet.frozen.v1': define(['payments'], freeze),
  'wallet.unfrozen.v1': define(['payments'], freeze),
  /** The ledger contradicts itself: withdrawals are frozen everywhere, and a human must look. `entry` is its version and line. */
  'wallet.invariant-broken.v1': define(
    ['reconciler'],
    z.object({
      freeze_id: z.uuid(),
      wallet_id: z.uuid(),
      user_id: userId,
      currency,
      invariants: z.array(z.enum(['I1', 'I2', 'I3', 'chain'])).min(1),
      entry: z
        .string()
        .regex(/^[0-9]{1,19}:[0-9]{1,5}$/)
        .nullable(),
    }),
  ),

  'webhooks.revio-event-received.v1': define(
    ['reconciler', 'payments'],
    z.object({ delivery_id: z.uuid(), event_type: z.string().max(64), observation }),
  ),

  'reconciler.deposit-settled.v1': define(['wallet'], z.object(purchase)),
  'reconciler.deposit-failed.v1': define(
    ['payments'],
    z.object({ ...transaction, status: z.enum(['failed', 'expired', 'cancelled']), reason }),
  ),
  'reconciler.deposit-reversed.v1': define(
    ['wallet'],
    z.object({ ...purchase, payment_id: foreignId, reversal: z.enum(['refund', 'chargeback']) }),
  ),
  'reconciler.payout-settled.v1': define(['wallet'], z.object(payout)),
  'reconciler.payout-failed.v1': define(['wallet'], z.object({ ...payout, reason })),
  'reconciler.payout-returned.v1': define(['wallet'], z.object(payout)),
  'reconciler.observation-handled.v1': define(
    ['webhooks', 'payments'],
    z.object({
      delivery_id: z.uuid(),
      transaction_id: transactionId.nullable(),
      outcome: z.enum(['applied', 'ignored', 'parked', 'case']),
      reason,
    }),
  ),
  /** A delivery on which the reconciler failed: it will be tried again, or the last try has failed and it waits for a human. */
  'reconciler.observation-failed.v1': define(
    ['webhooks'],
    z.object({
      delivery_id: z.uuid(),
      outcome: z.enum(['retrying', 'dead_lettered']),
      attempt: z.int().min(1).max(100),
      reason,
    }),
  ),
  /** Two people agreed: the wallet posts it once. The adjustment's id is the `transaction_id`. */
  'reconciler.adjustment-approved.v1': define(['wallet'], z.object({ ...transaction, direction })),
  'wallet.audited.v1': define(['gateway'], audited),
  'payments.audited.v1': define(['gateway'], audited),
  'reconciler.audited.v1': define(['gateway'], audited),
  /**
   * I9: a posting and Revio's objects contradict each other, still so at a second read and explained by nobody. That wallet is frozen; it
   * is told again until it is mended or two people have ended the case.
   */
  'reconciler.conservation-broken.v1': define(
    ['wallet'],
    z.object({
      case_id: z.uuid(),
      kind: z.enum(['credit', 'settlement', 'reversal', 'payout-return', 'adjustment']),
      /** Of the posting, which somebody may have made up. */
      source_id: z.string().min(1).max(256),
      difference: z.array(reason).min(1),
      user_id: userId,
      currency,
    }),
  ),
  'reconciler.case-opened.v1': define(
    [],
    z.object({
      case_id: z.uuid(),
      cause: reason,
      transaction_id: transactionId.nullable(),
      object_id: foreignId.nullable(),
    }),
  ),
} as const;

export type EventType = keyof typeof events;
export type EventData<T extends EventType> = z.infer<(typeof events)[T]['data']>;

export const eventTypes = Object.keys(events) as EventType[];

/** The routing keys that a service's queue is bound to. */
export const listensTo = (service: ServiceName): EventType[] =>
  eventTypes.filter((type) => events[type].listeners.some((listener) => listener === service));
