import { notFound, type Outcome, parse, refused } from './answers.ts';
import { OBJECTS_MAX } from './limits.ts';
import type { PayoutPlan } from './payout-plans.ts';
import { type PayoutWire, payoutShape } from './payout-shape.ts';
import type { Platform } from './platform.ts';
import { bankExecutionSchema, payoutRequestSchema } from './request-schemas.ts';
import { move, type Payout, type PayoutStatus, payoutMoves } from './state.ts';

// What an execution leads to, the first rule that matches:
//
// | rule                                   | execute answers | then                                             |
// | -------------------------------------- | --------------- | ------------------------------------------------ |
// | a plan set by control for a reference  | as planned      | as planned                                       |
// | account number ends in 9999            | 400 error       | nothing moved                                    |
// | account number ends in 0000            | 200 pending     | the bank refuses it after PAYOUT_SETTLE_MS       |
// | otherwise, the plan for all            | 200 pending     | success after PAYOUT_SETTLE_MS (unless re-planned) |

const REFUSED_AT_ONCE = { code: 'general_transaction_error', message: 'Unrecognized transaction error' };
const REFUSED_BY_BANK = { code: 'payment_rejected_other_reason', message: 'Payment rejected (other reason)' };
const RETURNED_BY_BANK = { code: 'payment_returned', message: 'Payment returned by the receiving bank' };

type Row = (typeof payoutMoves)[keyof typeof payoutMoves];

/** Moves the payout, or refuses and changes nothing; `effect` runs between the move and the snapshot for the webhook. */
function change(platform: Platform, payout: Payout, row: Row, effect: (nowS: number) => void = () => {}): boolean {
  const nowS = platform.nowS();
  if (!move<PayoutStatus>(payout, row, nowS)) return false;
  payout.settles = null;
  effect(nowS);
  platform.changed();
  platform.emit(row.event, payoutShape(payout, platform.settings));
  return true;
}

function stateConflict(payout: Payout): Outcome<never> {
  return refused(409, 'payout_state_conflict', `The payout is ${payout.status}.`);
}

/** `POST /payouts/` (REVIO.md §4): creates an object and moves nothing. References are never compared. */
export function createPayout(platform: Platform, input: unknown): Outcome<PayoutWire> {
  const { books, clock, settings } = platform;
  const parsed = parse(payoutRequestSchema, input);
  if (!parsed.ok) return parsed;
  const request = parsed.value;
  if (request.brand_id !== settings.brandId) {
    return refused(400, 'does_not_exist', `Invalid pk "${request.brand_id}" - object does not exist`, 'brand_id');
  }
  if (books.payouts.size >= OBJECTS_MAX) return refused(503, 'simulator_full', 'No room for more payouts.');
  const nowS = platform.nowS();
  const payout: Payout = {
    id: platform.newId(),
    sequence: ++books.sequence,
    status: 'initialized',
    history: [{ status: 'initialized', timestamp: nowS }],
    createdAtS: nowS,
    updatedAtS: nowS,
    request,
    windowEndsMs: clock.nowMs() + settings.executeWindowMs,
    paidAtS: null,
    failure: null,
    settles: null,
  };
  books.payouts.set(payout.id, payout);
  platform.changed();
  const shape = payoutShape(payout, settings);
  platform.emit('payout.created', shape);
  return { ok: true, value: shape };
}

function planFor(platform: Platform, payout: Payout, accountNumber: string): PayoutPlan {
  const planned = platform.payoutPlans.byReference.get(payout.request.reference);
  if (planned !== undefined) return planned;
  if (accountNumber.endsWith('9999')) return 'error';
  if (accountNumber.endsWith('0000')) return 'pending_then_error';
  return platform.payoutPlans.standard;
}

/**
 * `POST execution_url`: the call that moves money, once, and only inside the window. The answers are the bare ones of
 * sample 09: whoever needs the object reads it.
 */
export function executePayout(platform: Platform, id: string, input: unknown): Outcome<{ status: string }> {
  const { clock, settings } = platform;
  const payout = platform.books.payouts.get(id);
  if (payout === undefined) return notFound;
  const parsed = parse(bankExecutionSchema, input);
  if (!parsed.ok) return parsed;
  if (clock.nowMs() >= payout.windowEndsMs)
    return refused(400, 'payout_execution_expired', 'The execution URL has expired.');
  if (!(payoutMoves.accept.from as readonly PayoutStatus[]).includes(payout.status) || payout.paidAtS !== null) {
    return refused(400, 'payout_already_executed', 'The payout was already executed.');
  }
  const plan = planFor(platform, payout, parsed.value.bank_account_number);
  payout.failure = null;
  if (plan === 'error') {
    change(platform, payout, payoutMoves.refuseAtOnce, () => {
      payout.failure = { ...REFUSED_AT_ONCE, by: 'execute' };
    });
    return { ok: false, status: 400, errors: { status: 'error', error: REFUSED_AT_ONCE } };
  }
  if (plan === 'success' || plan === 'executed') {
    change(platform, payout, payoutMoves.payAtOnce, (nowS) => {
      payout.paidAtS = nowS;
    });
    return { ok: true, value: { status: plan } };
  }
  change(platform, payout, payoutMoves.accept, () => {
    if (plan === 'pending' || settings.payoutSettleMs === null) return;
    payout.settles = {
      to: plan === 'pending_then_success' ? 'success' : 'error',
      atMs: clock.nowMs() + settings.payoutSettleMs,
    };
  });
  settleWhenDue(platform, payout);
  return { ok: true, value: { status: 'pending' } };
}

export function settleWhenDue(platform: Platform, payout: Payout): void {
  const { settles } = payout;
  if (settles === null) return;
  platform.clock.at(settles.atMs, () => {
    if (payout.settles !== settles) return;
    if (settles.to === 'success') succeedPayout(platform, payout);
    else failPayout(platform, payout);
  });
}

export function succeedPayout(platform: Platform, payout: Payout): Outcome<PayoutWire> {
  const changed = change(platform, payout, payoutMoves.succeed, (nowS) => {
    payout.paidAtS = nowS;
  });
  return changed ? { ok: true, value: payoutShape(payout, platform.settings) } : stateConflict(payout);
}

/** The bank refuses what the platform had accepted. */
export function failPayout(platform: Platform, payout: Payout): Outcome<PayoutWire> {
  const changed = change(platform, payout, payoutMoves.fail, () => {
    payout.failure = { ...REFUSED_BY_BANK, by: 'bank' };
  });
  return changed ? { ok: true, value: payoutShape(payout, platform.settings) } : stateConflict(payout);
}

/** The money comes back after the success. */
export function returnPayout(platform: Platform, payout: Payout): Outcome<PayoutWire> {
  const changed = change(platform, payout, payoutMoves.return, () => {
    payout.failure = { ...RETURNED_BY_BANK, by: 'return' };
  });
  return changed ? { ok: true, value: payoutShape(payout, platform.settings) } : stateConflict(payout);
}
