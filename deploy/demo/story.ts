import type { Answer, Api } from './api.ts';
import { DemoFailure } from './failure.ts';
import type { Journal, Kind } from './journal.ts';
import { payAtCheckout, testCard } from './pay-at-checkout.ts';
import type { Watch } from './watch.ts';
import { balanceWords } from './words.ts';

/** The simulated bank refuses what goes to an account whose number ends in 0000, some time after it has taken it. */
const REFUSING_ACCOUNT = '62000000000';
const GOOD_ACCOUNT = '62000000001';

export type StoryDeps = {
  api: Api;
  watch: Watch;
  journal: Journal;
  /** Begins a chapter. */
  headline: (text: string) => void;
};

/** What the story did, for the audit. */
export type Told = { transactionIds: string[] };

/** The four payments. Throws DemoFailure at the first that does not go as it should. */
export async function tellStory(deps: StoryDeps): Promise<Told> {
  const { api, watch, journal, headline } = deps;
  const goodAccount = await bankAccount(api, GOOD_ACCOUNT);
  const refusingAccount = await bankAccount(api, REFUSING_ACCOUNT);

  headline('A deposit of 150.00 ZAR, paid with the test card on the hosted checkout page');
  const deposit = await ask(deps, '/deposits', { amount: '150.00', currency: 'ZAR' }, 201);
  const checkoutUrl = deposit.body.checkout_url ?? '';
  const depositId = idOf(deposit);
  note(journal, 'you', `open ${checkoutUrl}`);
  note(journal, 'you', `pay with ${testCard['card_number']}, ${testCard['expiry']}, CVC ${testCard['cvc']}`);
  note(journal, 'Revio', `sends the browser to ${await payAtCheckout(checkoutUrl)}`);
  await watch.untilEnded(depositId, 'completed');
  await showBalance(deps, '150.00');

  headline('A withdrawal of 60.00 ZAR that completes');
  const paidOut = await ask(deps, '/withdrawals', withdrawal('60.00', goodAccount), 202);
  await watch.untilEnded(idOf(paidOut), 'completed');
  await showBalance(deps, '90.00');

  headline('A withdrawal of 20.00 ZAR that the bank takes, refuses afterwards, and that comes back');
  const refused = await ask(deps, '/withdrawals', withdrawal('20.00', refusingAccount), 202);
  await watch.untilEnded(idOf(refused), 'failed');
  await showBalance(deps, '90.00');

  headline('An attempt to withdraw 500.00 ZAR, which is more than there is');
  const tooMuch = await ask(deps, '/withdrawals', withdrawal('500.00', goodAccount), 422);
  if (tooMuch.body.code !== 'insufficient_funds') throw new DemoFailure(`refused as ${tooMuch.body.code}`);
  await watch.untilEnded(idOf(tooMuch), 'failed');
  await showBalance(deps, '90.00');
  return { transactionIds: [deposit, paidOut, refused, tooMuch].map(idOf) };
}

async function bankAccount(api: Api, accountNumber: string): Promise<string> {
  const account = { bank_code: '632005', account_number: accountNumber, account_holder: 'Demo Payer' };
  return String((await api.post('/bank-accounts', account, [201])).body.id);
}

const withdrawal = (amount: string, bankAccountId: string) => ({
  amount,
  currency: 'ZAR',
  bank_account_id: bankAccountId,
});

async function ask(
  { api, journal }: StoryDeps,
  path: string,
  body: { amount: string; currency: string },
  status: number,
): Promise<Answer> {
  journal.begin();
  note(journal, 'you', `POST /api/v1${path}, ${body.amount} ${body.currency}`);
  journal.show({ all: true });
  const answer = await api.post(path, body, [status]);
  const { code, title } = answer.body;
  note(journal, 'gateway', code === undefined ? `${status}, ${idOf(answer)}` : `${status} ${code}: ${title}`);
  return answer;
}

const idOf = ({ body }: Answer): string => body.id ?? body.transaction_id ?? '';

const note = (journal: Journal, kind: Kind, text: string): void => journal.note({ atMs: Date.now(), kind, text });

async function showBalance({ api, journal }: StoryDeps, expected: string): Promise<void> {
  const { available = '', held = '' } = await api.get('/wallets/ZAR');
  note(journal, 'you', `GET /api/v1/wallets/ZAR: ${balanceWords(available, held)}`);
  journal.show({ all: true });
  if (available !== expected || held !== '0.00') {
    throw new DemoFailure(`The balance should be ${balanceWords(expected, '0.00')}.`);
  }
}
