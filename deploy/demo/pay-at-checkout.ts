import { DemoFailure } from './failure.ts';

/** The page and its answer come from this machine. */
const PAGE_TIMEOUT_MS = 10_000;

/** Revio's test card that is paid without 3-D Secure (REVIO.md §6), in the fields of the hosted page. */
export const testCard: Readonly<Record<string, string>> = {
  card_number: '4444 3333 2222 1111',
  cardholder_name: 'Demo Payer',
  expiry: `12/${String(new Date().getFullYear() + 2).slice(-2)}`,
  cvc: '123',
};

/** Opens the hosted page, fills in its form and sends it off, as a browser does. Answers where the browser is sent then. */
export async function payAtCheckout(checkoutUrl: string): Promise<string> {
  const signal = AbortSignal.timeout(PAGE_TIMEOUT_MS);
  const page = await (await fetch(checkoutUrl, { signal })).text();
  const action = /<form method="post" action="([^"]+)">/.exec(page)?.[1];
  if (action === undefined) throw new DemoFailure(`${checkoutUrl} shows no form to pay with`);
  const body = new URLSearchParams();
  for (const [, name = ''] of page.matchAll(/<input name="([^"]+)"/g)) body.set(name, testCard[name] ?? '');
  const answer = await fetch(new URL(action, checkoutUrl), {
    method: 'POST',
    body,
    redirect: 'manual',
    signal,
  });
  const location = answer.headers.get('location');
  if (location === null) throw new DemoFailure(`the checkout page did not take the card: ${answer.status}`);
  return location;
}
