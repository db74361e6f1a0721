import type { Purchase } from './state.ts';

const STYLE = `
  body { font: 16px/1.5 system-ui, sans-serif; background: #f2f4f7; color: #1c2430; margin: 0; }
  main { max-width: 24rem; margin: 8vh auto; background: #fff; padding: 2rem; border-radius: 12px; box-shadow: 0 2px 12px #0001; }
  h1 { font-size: 1.9rem; margin: 0; } p { margin: .3rem 0 1.2rem; color: #55606e; }
  label { display: block; margin-bottom: .9rem; font-size: .9rem; }
  input { display: block; box-sizing: border-box; width: 100%; font: inherit; padding: .55rem; border: 1px solid #b9c1cc; border-radius: 6px; }
  .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
  button { width: 100%; font: inherit; padding: .7rem; border: 0; border-radius: 6px; background: #1757c2; color: #fff; margin-bottom: .6rem; }
  button.plain { background: #e5e9ef; color: #1c2430; }
  .error { background: #fdecea; color: #9b1c12; padding: .6rem .8rem; border-radius: 6px; }
  a { color: #1757c2; } footer { font-size: .8rem; color: #7b8694; margin-top: 1.2rem; }`;

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** Minor units as a price with two decimals, by digits, so that no amount is ever rounded for the eye. */
function price(purchase: Purchase): string {
  const digits = String(purchase.amountMinor).padStart(3, '0');
  return `${escaped(purchase.request.purchase.currency)} ${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

function page(purchase: Purchase, content: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pay ${price(purchase)}</title><style>${STYLE}</style></head>
<body><main>
<h1>${price(purchase)}</h1>
<p>${escaped(purchase.request.purchase.products[0]?.name ?? '')}<br>Reference ${escaped(purchase.request.reference)}</p>
${content}
<footer>Revio Pay simulator. No money moves here.</footer>
</main></body></html>
`;
}

function link(url: string | null, words: string): string {
  return url === null ? '' : `<a href="${escaped(url)}">${words}</a>`;
}

export function formPage(purchase: Purchase, problem: string | null): string {
  const alert = problem === null ? '' : `<p class="error" role="alert">${escaped(problem)}</p>`;
  return page(
    purchase,
    `${alert}<form method="post" action="/p/${purchase.id}/">
<label>Card number <input name="card_number" inputmode="numeric" autocomplete="cc-number" placeholder="4444 3333 2222 1111" required></label>
<label>Name on card <input name="cardholder_name" autocomplete="cc-name"></label>
<div class="pair">
<label>Expiry <input name="expiry" placeholder="MM/YY" autocomplete="cc-exp" required></label>
<label>Security code <input name="cvc" inputmode="numeric" placeholder="123" autocomplete="cc-csc" required></label>
</div>
<button>Pay ${price(purchase)}</button>
</form>
${link(purchase.request.cancel_redirect, 'Cancel and go back')}
<footer>Test cards: 4444 3333 2222 1111 pays, 5555 5555 5555 4444 asks for 3-D Secure, any other is declined. CVC 123.</footer>`,
  );
}

export function challengePage(purchase: Purchase): string {
  return page(
    purchase,
    `<p>Your bank asks: is this payment yours?</p>
<form method="post" action="/p/${purchase.id}/3ds/">
<button name="choice" value="approve">Approve</button>
<button name="choice" value="fail" class="plain">Fail the check</button>
</form>`,
  );
}

const WORDS: Partial<Record<Purchase['status'], string>> = {
  paid: 'Paid. Thank you.',
  refunded: 'Paid, and refunded.',
  chargeback: 'The payment was charged back.',
  cancelled: 'This payment was cancelled.',
  expired: 'This payment has expired.',
};

export function statePage(purchase: Purchase): string {
  const { success_redirect: success, cancel_redirect: cancel } = purchase.request;
  const words = WORDS[purchase.status] ?? 'This payment cannot be tried again.';
  return page(
    purchase,
    `<p role="status">${words}</p>${link(purchase.status === 'paid' ? success : cancel, 'Go back')}`,
  );
}
