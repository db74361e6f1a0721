import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RevioSimulator } from '#libs/revio-simulator';
import { poll } from '#libs/testing';
import { type Answer, type Client, expectStatus } from '../system/client.ts';
import type { System } from '../system/start-system.ts';
import { diceOf } from './dice.ts';
import type { DepositStory, ProviderFault, Scenario, WebhookFault, WithdrawalStory } from './scenario.ts';

type Control = RevioSimulator['control'];
type Accounts = Record<WithdrawalStory['bank'], string>;

/** How long a story waits for what it would like to happen next. Not an expectation: a fault may well prevent it. */
const patienceMs = 4_000;
/** Of one request: on a machine with too much to do, a few are refused before one is taken. */
const TRIES_MAX = 6;
/** The simulated bank decides by the last digits. */
const accountNumbers = { refuses_later: '62000000000000', refuses_at_once: '62000009999' };
/** At most one hang or pause of everybody's worker follows from each, so that stories side by side do not stop one another for long. */
const retryAfterSeconds = 1;

/** What one story asked of us: the transactions, by which a difference in the books is traced back to its seed. */
export interface Played {
  seed: number;
  email: string;
  transactionIds: string[];
}

/** Plays a story of a user of its own. Refusals and faults are part of it; only an answer that nobody may give throws. */
export async function playScenario(system: System, scenario: Scenario): Promise<Played> {
  const { control } = system.simulator;
  const client = await persistently(() => system.signUp());
  const accounts = await addAccounts(client);
  for (const fault of [...scenario.webhookFaults, ...scenario.providerFaults]) arm(control, client.email, fault);
  const played: Played = { seed: scenario.seed, email: client.email, transactionIds: [] };
  await Promise.all(scenario.deposits.map((story, n) => playDeposit(system, client, played, { ...story, n })));
  if (scenario.withdrawals.length > 0 && scenario.deposits[0]?.payer === 'pays')
    await hopefully(async () => (await client.balance()).available !== '0.00');
  await Promise.all(scenario.withdrawals.map((story) => playWithdrawal(system, client, accounts, played, story)));
  return played;
}

function arm(control: Control, about: string, fault: WebhookFault | ProviderFault): void {
  if ('event' in fault) control.faults.add({ ...fault, about });
  else control.faults.add({ ...fault, about, seconds: retryAfterSeconds });
}

async function addAccounts(client: Client): Promise<Accounts> {
  const add = async (account_number: string): Promise<string> => {
    const account = { bank_code: '250655', account_number, account_holder: 'T MOKOENA' };
    return (await untilAnswered(() => client.call('POST', '/bank-accounts', account), 201)).body.id;
  };
  return {
    pays: client.bankAccountId,
    refuses_later: await add(accountNumbers.refuses_later),
    refuses_at_once: await add(accountNumbers.refuses_at_once),
  };
}

async function playDeposit(
  { simulator: { control } }: System,
  client: Client,
  played: Played,
  story: DepositStory & { n: number },
): Promise<void> {
  const key = randomUUID();
  const answer = await untilAnswered(() => client.deposit(decimal(story.cents), { key }), 201, 202);
  const reference: string = answer.body.id;
  played.transactionIds.push(reference);
  const id = await shownPurchase(client, reference);
  if (id === null) return;
  for (const step of payerSteps(control, story, id)) allowed(step);
  if (story.paysOrphans) payOrphans(control, reference, id);
  for (const kind of story.junk) await sendJunk(control, kind, id, reference);
  const dice = diceOf(played.seed * 10 + story.n);
  for (const { how, patient } of story.back) {
    if (patient) await hopefully(async () => (await client.transaction(reference)).body.status === 'completed');
    allowed(() => {
      if (how === 'chargeback') control.chargeback({ id });
      else if (how === 'refund_rest') control.refund({ id });
      else control.refund({ id, amount: 1 + dice.number(story.cents >> 1) });
    });
  }
}

/** The purchase whose page the payer gets to see; null if that takes longer than they wait. */
async function shownPurchase(client: Client, reference: string): Promise<string | null> {
  let url: string | undefined;
  await hopefully(async () => {
    url = (await client.transaction(reference)).body.checkout_url;
    return url;
  });
  return url?.split('/').at(-2) ?? null;
}

/** What an answer that was lost has left behind: nobody was shown it, but if it is paid all the same, the money is real (REVIO.md §4). */
function payOrphans(control: Control, reference: string, shown: string): void {
  for (const { id, type } of control.objects({ reference }))
    if (type === 'purchase' && id !== shown) allowed(() => control.pay({ id }));
}

function payerSteps(control: Control, { payer, cents, markedAsPaid }: DepositStory, id: string): (() => void)[] {
  const pay = () => void control.pay({ id });
  switch (payer) {
    case 'pays':
      return [pay];
    case 'declined_then_pays':
      return [() => void control.decline({ id }), pay];
    case 'pays_late':
      return [() => void control.expire({ id }), () => void control.latePay({ id })];
    case 'pays_another_amount':
      return [() => void control.pay({ id, amount: cents - 1 - (cents % 3) * 100 })];
    case 'declined':
      return [() => void control.decline({ id })];
    case 'leaves':
      return markedAsPaid ? [() => void control.markAsPaid({ id })] : [];
  }
}

/** None of these may move money: a forgery, bytes of nobody's, an old delivery again, and an event that does not exist. */
async function sendJunk(
  control: Control,
  kind: DepositStory['junk'][number],
  id: string,
  reference: string,
): Promise<void> {
  const purchase = control.objects({ reference }).find((object) => object.id === id);
  if (purchase === undefined) return;
  const paid = { ...purchase, status: 'paid', event_type: 'purchase.paid' };
  switch (kind) {
    case 'forged_paid':
      return void (await control.sendWebhook({ body: paid, key: 'stranger' }));
    case 'garbage':
      return void (await control.sendWebhook({ body: '{"type": "purchase", "id": ' }));
    case 'replay': {
      const old = control.deliveries().find(({ objectId }) => objectId === purchase.id);
      return void (old && (await control.sendWebhook({ body: old.body })));
    }
    case 'unknown_event':
      return void (await control.sendWebhook({ body: { ...purchase, event_type: 'purchase.dreamt' } }));
  }
}

async function playWithdrawal(
  { simulator }: System,
  client: Client,
  accounts: Accounts,
  played: Played,
  story: WithdrawalStory,
): Promise<void> {
  // Refused for too little money or a debt: nothing of that is asked here but that the books stay right.
  const order = { bankAccountId: accounts[story.bank], key: randomUUID() };
  const { body, status } = await untilAnswered(() => client.withdraw(decimal(story.cents), order), 202, 403, 422);
  if (status !== 202) return;
  const reference: string = body.id;
  played.transactionIds.push(reference);
  if (story.cancelled) await untilAnswered(() => client.cancel(reference), 202, 409);
  if (!story.returned || story.bank !== 'pays') return;
  const isPaid = () => simulator.truth().some((row) => row.reference === reference && row.status === 'success');
  if (await hopefully(isPaid)) allowed(() => simulator.control.payoutReturn({ reference }));
}

/** As a client does that was told 503 or nothing at all: the same again, with the same key. */
const untilAnswered = (ask: () => Promise<Answer>, ...statuses: number[]): Promise<Answer> =>
  persistently(async () => expectStatus(await ask(), ...statuses));

async function persistently<R>(run: () => Promise<R>): Promise<R> {
  for (let tries = 1; ; tries++) {
    try {
      return await run();
    } catch (error) {
      if (tries === TRIES_MAX) throw error;
      await sleep(tries * 500);
    }
  }
}

const decimal = (cents: number): string => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;

/** Whether it happened in time. */
const hopefully = (look: () => unknown): Promise<boolean> =>
  poll(look, { timeoutMs: patienceMs }).then(
    () => true,
    () => false,
  );

/** What the platform does not allow in the state that things have come to did not happen. */
function allowed(step: () => void): void {
  try {
    step();
  } catch (error) {
    if (!(error instanceof Error && error.name === 'ControlRefused')) throw error;
  }
}
