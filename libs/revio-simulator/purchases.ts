import { notFound, type Outcome, parse, refused } from './answers.ts';
import { AMOUNT_MAX_MINOR, CARD_ATTEMPTS_MAX, DUE_DEFAULT_S, OBJECTS_MAX } from './limits.ts';
import type { Platform } from './platform.ts';
import { type PurchaseWire, purchaseShape, refundableMinor } from './purchase-shape.ts';
import { type PaymentWire, refundShape } from './refund-shape.ts';
import { type PurchaseRequest, purchaseRequestSchema, refundRequestSchema } from './request-schemas.ts';
import {
  type Card,
  type Failure,
  move,
  type Payment,
  type Purchase,
  type PurchaseStatus,
  purchaseMoves,
} from './state.ts';

/** The acquirer's fee in thousandths, as in the captured payment: 435 of 15 000. */
const FEE_PER_MILLE = 29;
/** Quantities have four decimals on the wire, so totals are summed in ten-thousandths of a minor unit. */
const QUANTITY_SCALE = 10_000n;

type Row = (typeof purchaseMoves)[keyof typeof purchaseMoves];

/** Moves the purchase, or refuses and changes nothing; `effect` runs between the move and the snapshot for the webhook. */
function change(platform: Platform, purchase: Purchase, row: Row, effect: (nowS: number) => void = () => {}): boolean {
  const nowS = platform.nowS();
  if (!move<PurchaseStatus>(purchase, row, nowS)) return false;
  effect(nowS);
  platform.changed();
  if (row.event !== null) platform.emit(row.event, purchaseShape(purchase, platform.settings));
  return true;
}

function stateConflict(purchase: Purchase, code: string): Outcome<never> {
  return refused(409, code, `The purchase is ${purchase.status}.`);
}

/** The sum of the products in minor units, or null where it is not a positive whole number the wire can carry. */
function totalMinor(products: PurchaseRequest['purchase']['products']): number | null {
  let scaled = 0n;
  for (const { price, discount, quantity } of products) {
    const [whole = '0', decimals = ''] = quantity.split('.');
    scaled += BigInt(price - discount) * BigInt(whole + decimals.padEnd(4, '0'));
  }
  const total = scaled / QUANTITY_SCALE;
  const whole = scaled % QUANTITY_SCALE === 0n;
  return whole && total > 0n && total <= BigInt(AMOUNT_MAX_MINOR) ? Number(total) : null;
}

/** `POST /purchases/` (REVIO.md §3). The reference is not unique: the same body twice makes two purchases. */
export function createPurchase(platform: Platform, input: unknown, clientIp: string): Outcome<PurchaseWire> {
  const { books, clock, settings } = platform;
  const parsed = parse(purchaseRequestSchema, input);
  if (!parsed.ok) return parsed;
  const request = parsed.value;
  const nowS = platform.nowS();
  const dueAtS = request.due ?? nowS + DUE_DEFAULT_S;
  const amountMinor = totalMinor(request.purchase.products);
  if (request.brand_id !== settings.brandId) {
    return refused(400, 'does_not_exist', `Invalid pk "${request.brand_id}" - object does not exist`, 'brand_id');
  }
  if (amountMinor === null)
    return refused(400, 'invalid', 'The total must be a positive integer.', 'purchase.products');
  if (dueAtS <= nowS) return refused(400, 'invalid', 'Due must be in the future.', 'due');
  if (books.purchases.size >= OBJECTS_MAX) return refused(503, 'simulator_full', 'No room for more purchases.');
  const purchase: Purchase = {
    id: platform.newId(),
    sequence: ++books.sequence,
    status: 'created',
    history: [{ status: 'created', timestamp: nowS }],
    createdAtS: nowS,
    updatedAtS: nowS,
    request,
    clientId: platform.newId(),
    clientIp,
    amountMinor,
    dueAtS,
    dueMs: dueAtS * 1000 + clock.offsetMs(),
    viewedAtS: null,
    paid: null,
    markedAsPaid: false,
    refundedMinor: 0,
    attempts: [],
    challenged: null,
  };
  books.purchases.set(purchase.id, purchase);
  expireWhenDue(platform, purchase);
  platform.changed();
  const shape = purchaseShape(purchase, settings);
  platform.emit('purchase.created', shape);
  return { ok: true, value: shape };
}

export function expireWhenDue(platform: Platform, purchase: Purchase): void {
  platform.clock.at(purchase.dueMs, () => expireIfDue(platform, purchase));
}

/** Past `due` a strict purchase is expired and another one overdue; while the acquirer is undecided it is neither. */
function expireIfDue(platform: Platform, purchase: Purchase): void {
  if (platform.clock.nowMs() < purchase.dueMs) return;
  change(platform, purchase, purchase.request.purchase.due_strict ? purchaseMoves.expire : purchaseMoves.lapse);
}

/** Puts `due` where time already is: what the payer who waited too long sees. */
export function expirePurchase(platform: Platform, purchase: Purchase): Outcome<PurchaseWire> {
  if (!change(platform, purchase, purchaseMoves.expire)) return stateConflict(purchase, 'purchase_expire_error');
  purchase.dueMs = platform.clock.nowMs();
  purchase.dueAtS = platform.nowS();
  return { ok: true, value: purchaseShape(purchase, platform.settings) };
}

export function cancelPurchase(platform: Platform, id: string): Outcome<PurchaseWire> {
  const purchase = platform.books.purchases.get(id);
  if (purchase === undefined) return notFound;
  if (!change(platform, purchase, purchaseMoves.cancel)) return stateConflict(purchase, 'purchase_cancel_error');
  return { ok: true, value: purchaseShape(purchase, platform.settings) };
}

export function viewPurchase(platform: Platform, purchase: Purchase): void {
  change(platform, purchase, purchaseMoves.view, (nowS) => {
    purchase.viewedAtS = nowS;
  });
}

/** Whether the page takes a card now; a late one only where the caller says so. */
export function isPayable(purchase: Purchase, late: boolean): boolean {
  const row = late ? purchaseMoves.attemptLate : purchaseMoves.attempt;
  return (
    (row.from as readonly PurchaseStatus[]).includes(purchase.status) && purchase.attempts.length < CARD_ATTEMPTS_MAX
  );
}

function decideAttempt(
  platform: Platform,
  purchase: Purchase,
  card: Card,
  failure: Failure | null,
  amountMinor = purchase.amountMinor,
): void {
  purchase.challenged = null;
  purchase.attempts.push({ card, failure, atS: platform.nowS() });
  if (failure !== null) {
    change(platform, purchase, purchaseMoves.fail);
    expireIfDue(platform, purchase);
    return;
  }
  change(platform, purchase, purchaseMoves.pay, (nowS) => {
    const feeMinor = Math.floor((amountMinor / 1000) * FEE_PER_MILLE);
    purchase.paid = { atS: nowS, feeMinor, ...(amountMinor === purchase.amountMinor ? {} : { amountMinor }) };
  });
}

/** One try with a card that the acquirer decides at once: paid, perhaps with another amount than asked, or failed with this failure. */
export function chargeCard(
  platform: Platform,
  purchase: Purchase,
  attempt: { card: Card; failure: Failure | null; late: boolean; amountMinor?: number | undefined },
): Outcome<PurchaseWire> {
  const row = attempt.late ? purchaseMoves.attemptLate : purchaseMoves.attempt;
  if (!isPayable(purchase, attempt.late) || !change(platform, purchase, row)) {
    return stateConflict(purchase, 'purchase_not_payable');
  }
  decideAttempt(platform, purchase, attempt.card, attempt.failure, attempt.amountMinor);
  return { ok: true, value: purchaseShape(purchase, platform.settings) };
}

/** The first half of a 3-DS payment: the purchase is undecided until `answerChallenge`. */
export function challengeCard(platform: Platform, purchase: Purchase, card: Card, late: boolean): boolean {
  if (!isPayable(purchase, late)) return false;
  purchase.challenged = card;
  return change(platform, purchase, late ? purchaseMoves.challengeLate : purchaseMoves.challenge);
}

export function answerChallenge(platform: Platform, purchase: Purchase, approved: boolean): boolean {
  const card = purchase.challenged;
  if (card === null) return false;
  const failure = approved ? null : { code: 'authentication_failed', message: '3-D Secure authentication failed' };
  decideAttempt(platform, purchase, card, failure);
  return true;
}

/** A person at the merchant says "paid": the status follows, no money does (REVIO.md §1.9). */
export function markAsPaid(platform: Platform, purchase: Purchase): Outcome<PurchaseWire> {
  const marked = change(platform, purchase, purchaseMoves.markAsPaid, (nowS) => {
    purchase.markedAsPaid = true;
    purchase.paid = { atS: nowS, feeMinor: 0 };
  });
  if (!marked) return stateConflict(purchase, 'purchase_mark_as_paid_error');
  return { ok: true, value: purchaseShape(purchase, platform.settings) };
}

/** The Payment that takes money back from us, with the move of its purchase; the caller has checked the amount. */
function giveBack(platform: Platform, purchase: Purchase, type: Payment['type'], amountMinor: number): PaymentWire {
  const { books } = platform;
  const nowS = platform.nowS();
  const payment: Payment = {
    id: platform.newId(),
    sequence: ++books.sequence,
    status: 'success',
    history: [{ status: 'success', timestamp: nowS }],
    createdAtS: nowS,
    updatedAtS: nowS,
    type,
    purchaseId: purchase.id,
    amountMinor,
  };
  books.payments.set(payment.id, payment);
  if (type === 'refund') purchase.refundedMinor += amountMinor;
  change(platform, purchase, purchaseMoves[type]);
  const shape = refundShape(payment, purchase);
  platform.emit(type === 'refund' ? 'payment.refunded' : 'payment.charged_back', shape);
  return shape;
}

/** `POST /purchases/{id}/refund/ {amount?}`: minor units, by default all that is left. */
export function refundPurchase(platform: Platform, id: string, input: unknown): Outcome<PaymentWire> {
  const purchase = platform.books.purchases.get(id);
  if (purchase === undefined) return notFound;
  const parsed = parse(refundRequestSchema, input ?? {});
  if (!parsed.ok) return parsed;
  const refundable = refundableMinor(purchase);
  const amountMinor = parsed.value.amount ?? refundable;
  if (purchase.markedAsPaid || amountMinor < 1 || amountMinor > refundable) {
    return refused(400, 'purchase_refund_error', 'Could not refund the payment!');
  }
  return { ok: true, value: giveBack(platform, purchase, 'refund', amountMinor) };
}

/** The card's bank takes back whatever was not refunded. */
export function chargeBackPurchase(platform: Platform, purchase: Purchase): Outcome<PaymentWire> {
  const amountMinor = refundableMinor(purchase);
  if (purchase.markedAsPaid || amountMinor < 1) return stateConflict(purchase, 'purchase_chargeback_error');
  return { ok: true, value: giveBack(platform, purchase, 'chargeback', amountMinor) };
}
