import { type Dice, diceOf } from './dice.ts';

/** One user's story: what is asked of us, what the payer and the bank do, and what goes wrong on the way. Amounts in cents. */
export interface Scenario {
  seed: number;
  deposits: DepositStory[];
  withdrawals: WithdrawalStory[];
  webhookFaults: WebhookFault[];
  providerFaults: ProviderFault[];
}

export interface DepositStory {
  cents: number;
  payer: 'pays' | 'declined_then_pays' | 'pays_late' | 'pays_another_amount' | 'leaves' | 'declined';
  /**
   * Whether a purchase is paid that nobody was shown, because the answer to its making was lost. Never where webhooks are lost as well:
   * of such a purchase nothing would ever reach us but the provider's statement.
   */
  paysOrphans: boolean;
  /** What a person at the merchant does instead of the payer, with no money behind it. */
  markedAsPaid: boolean;
  /** What goes back, and whether at once or only after it was credited. */
  back: { how: 'refund_part' | 'refund_rest' | 'chargeback'; patient: boolean }[];
  /** What somebody without, or with, the right key sends besides. */
  junk: ('forged_paid' | 'garbage' | 'replay' | 'unknown_event')[];
}

export interface WithdrawalStory {
  cents: number;
  bank: 'pays' | 'refuses_later' | 'refuses_at_once';
  cancelled: boolean;
  /** The money comes back after the payout has succeeded. */
  returned: boolean;
}

export interface WebhookFault {
  event: string;
  kind: 'duplicate' | 'reorder' | 'delay' | 'stale' | 'drop' | 'forge';
  count: number | 'all';
  ms?: number;
  copies?: number;
}

export interface ProviderFault {
  route: string;
  kind: (typeof routeKinds)[number];
  count: number;
  ms?: number;
  effect?: 'before' | 'after' | 'never';
}

const events = ['*', 'purchase.*', 'purchase.created', 'purchase.paid', 'payment.*', 'payout.*', 'payout.success'];
const routes = [
  'POST /purchases/',
  'POST /payouts/',
  'POST /po/{id}/bank/',
  'GET /payouts/{id}/',
  'GET /purchases/{id}/',
];
const routeKinds = [
  'effect_then_drop',
  'reset',
  '500_after_effect',
  '500',
  '429',
  'garbage',
  'garbage_after_effect',
  '404_then_exists',
  '409_after_effect',
  'webhook_before_response',
  'hang',
] as const;

/** The n-th story, always the same. */
export function scenarioOf(seed: number): Scenario {
  const dice = diceOf(seed);
  // A fifth of the stories have no webhook at all: what ends there, the sweeps have ended.
  const webhookFaults: WebhookFault[] = dice.chance(0.2)
    ? [{ event: '*', kind: 'drop', count: 'all' }]
    : dice.times(4, () => webhookFault(dice));
  const isLossy = webhookFaults.some(({ kind }) => kind === 'drop');
  return {
    seed,
    deposits: [depositStory(dice, true, isLossy), ...dice.times(2, () => depositStory(dice, false, isLossy))],
    withdrawals: dice.times(3, () => withdrawalStory(dice)),
    webhookFaults,
    providerFaults: dice.times(3, () => providerFault(dice)),
  };
}

/** The first deposit is usually paid, so that there is something to withdraw. */
function depositStory(dice: Dice, usual: boolean, isLossy: boolean): DepositStory {
  const payer =
    usual && dice.chance(0.7)
      ? 'pays'
      : dice.pick(['pays', 'declined_then_pays', 'pays_late', 'pays_another_amount', 'leaves', 'declined'] as const);
  return {
    cents: 1_000 + dice.number(20_000),
    payer,
    paysOrphans: dice.chance(0.2) && !isLossy,
    markedAsPaid: payer === 'leaves' && dice.chance(0.2),
    back: dice.chance(0.35)
      ? dice.times(3, () => ({
          how: dice.pick(['refund_part', 'refund_part', 'refund_rest', 'chargeback'] as const),
          patient: dice.chance(0.7),
        }))
      : [],
    junk: dice.chance(0.3)
      ? dice.times(2, () => dice.pick(['forged_paid', 'garbage', 'replay', 'unknown_event'] as const))
      : [],
  };
}

const withdrawalStory = (dice: Dice): WithdrawalStory => ({
  cents: 500 + dice.number(6_000),
  bank: dice.pick(['pays', 'pays', 'refuses_later', 'refuses_at_once'] as const),
  cancelled: dice.chance(0.25),
  returned: dice.chance(0.25),
});

const webhookFault = (dice: Dice): WebhookFault => ({
  event: dice.pick(events),
  kind: dice.pick(['duplicate', 'reorder', 'delay', 'stale', 'drop', 'forge'] as const),
  count: 1 + dice.number(3),
  ms: dice.number(1_500),
  copies: 2 + dice.number(8),
});

const providerFault = (dice: Dice): ProviderFault => ({
  route: dice.pick(routes),
  kind: dice.pick(routeKinds),
  count: 1 + dice.number(2),
  // Around what payments waits for an answer: before, at and after.
  ms: 500 + dice.number(2_000),
  effect: dice.pick(['before', 'after', 'never'] as const),
});
