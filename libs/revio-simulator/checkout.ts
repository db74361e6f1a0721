import { type Answer, answerOf, html, notFound, redirect } from './answers.ts';
import { challengePage, formPage, statePage } from './checkout-page.ts';
import type { Platform } from './platform.ts';
import { answerChallenge, challengeCard, chargeCard, isPayable, viewPurchase } from './purchases.ts';
import { type Call, type Route, route } from './route.ts';
import type { Card, Failure, Purchase } from './state.ts';

// The sandbox cards (REVIO.md §6):
//
// | card                | what happens                                                      |
// | ------------------- | ----------------------------------------------------------------- |
// | 4444 3333 2222 1111 | paid                                                              |
// | 5555 5555 5555 4444 | 3-DS: the payer approves or fails it on a second page             |
// | any other real one  | declined for insufficient funds (ours: Revio documents no such card) |
//
// CVC 123; another CVC is an authorisation failure. A past expiry is refused before anything is tried.

const CARD_PLAIN = '4444333322221111';
const CARD_3DS = '5555555555554444';
const CVC = '123';

const DECLINED: Failure = { code: 'insufficient_funds', message: 'Insufficient funds' };
const WRONG_CVC: Failure = { code: 'authorization_failed', message: 'Authorisation failed: wrong security code' };

/** The check digit of ISO/IEC 7812-1 (Luhn). */
function hasCheckDigit(digits: string): boolean {
  let sum = 0;
  for (let place = 0; place < digits.length; place += 1) {
    const digit = Number(digits.at(-1 - place));
    sum += place % 2 === 0 ? digit : digit * 2 - (digit > 4 ? 9 : 0);
  }
  return sum % 10 === 0;
}

type Entered = { ok: true; card: Card; cvc: string } | { ok: false; problem: string };

/** The fields as typed; what is wrong with them is said at once and is no attempt. A card is good to the end of its month. */
function readCard(form: URLSearchParams, nowS: number): Entered {
  const number = (form.get('card_number') ?? '').replaceAll(/[\s-]/g, '');
  const expiry = /^\s*(0?[1-9]|1[0-2])\s*\/\s*(?:20)?(\d{2})\s*$/.exec(form.get('expiry') ?? '');
  const cvc = (form.get('cvc') ?? '').trim();
  if (!/^\d{13,19}$/.test(number) || !hasCheckDigit(number))
    return { ok: false, problem: 'Enter a valid card number.' };
  if (expiry === null) return { ok: false, problem: 'Enter the expiry as MM/YY.' };
  if (!/^\d{3,4}$/.test(cvc)) return { ok: false, problem: 'Enter the security code.' };
  const expiryMonth = Number(expiry[1]);
  const expiryYear = 2000 + Number(expiry[2]);
  if (Date.UTC(expiryYear, expiryMonth, 1) <= nowS * 1000) return { ok: false, problem: 'The card has expired.' };
  const holder = (form.get('cardholder_name') ?? '').slice(0, 100);
  return { ok: true, card: { number, holder, expiryMonth, expiryYear }, cvc };
}

/** The page for the state the purchase is in. */
function showPurchase(platform: Platform, purchase: Purchase): Answer {
  if (purchase.status === 'pending_execute') return html(200, challengePage(purchase));
  if (isPayable(purchase, platform.latePay.allowed)) {
    return html(200, formPage(purchase, purchase.attempts.at(-1)?.failure?.message ?? null));
  }
  return html(200, statePage(purchase));
}

function showResult(platform: Platform, purchase: Purchase): Answer {
  const { success_redirect: success, failure_redirect: failure } = purchase.request;
  const target = purchase.status === 'paid' ? success : failure;
  return target === null ? showPurchase(platform, purchase) : redirect(target);
}

function takeCard(platform: Platform, purchase: Purchase, form: URLSearchParams): Answer {
  const late = platform.latePay.allowed;
  if (!isPayable(purchase, late)) return html(409, statePage(purchase));
  const entered = readCard(form, platform.nowS());
  if (!entered.ok) return html(400, formPage(purchase, entered.problem));
  const { card, cvc } = entered;
  if (card.number === CARD_3DS && cvc === CVC) {
    challengeCard(platform, purchase, card, late);
    return html(200, challengePage(purchase));
  }
  const known = card.number === CARD_PLAIN || card.number === CARD_3DS;
  chargeCard(platform, purchase, { card, late, failure: !known ? DECLINED : cvc === CVC ? null : WRONG_CVC });
  return showResult(platform, purchase);
}

/** The hosted page: plain forms, so that a browser without scripts and curl can both pay. */
export function checkoutRoutes(platform: Platform): Route[] {
  const page = (name: string, run: (purchase: Purchase, call: Call) => Answer) =>
    route(name, '', {
      auth: 'none',
      takes: name.startsWith('POST') ? 'form' : 'nothing',
      run: (call) => {
        const purchase = platform.books.purchases.get(call.id);
        return purchase === undefined ? answerOf(notFound) : run(purchase, call);
      },
    });
  return [
    page('GET /p/{id}/', (purchase) => {
      viewPurchase(platform, purchase);
      return showPurchase(platform, purchase);
    }),
    page('POST /p/{id}/', (purchase, { form }) => takeCard(platform, purchase, form)),
    page('POST /p/{id}/3ds/', (purchase, { form }) =>
      answerChallenge(platform, purchase, form.get('choice') === 'approve')
        ? showResult(platform, purchase)
        : html(409, statePage(purchase)),
    ),
    page('GET /p/{id}/invoice/', (purchase) => html(200, statePage(purchase))),
  ];
}
