import { randomUUID } from 'node:crypto';
import { poll } from '#libs/testing';
import type { Dice } from '../scenarios/dice.ts';
import type { Client } from '../system/client.ts';
import type { ChaosStack } from './chaos-stack.ts';
import type { Record as ClientsRecord } from './record.ts';

/** The payer looks for the page for so long; later, when everything has healed, `pay` is tried again. */
const PAGE_PATIENCE_MS = 5_000;
/** Cents. No two requests of one kind are of the same amount, so that each row of the books belongs to one of them. */
const SMALL_FROM = 100;
const NEVER_THERE_FROM = 900_000_000;

export interface UserSteps {
  /** Asks for money to move, or looks, as the dice say. */
  step(user: Client, dice: Dice): Promise<void>;
  /** Throws while there is no page to pay at. */
  pay(user: Client, id: string): Promise<void>;
  /** Deposits that nobody has paid. */
  unpaid: ReadonlyMap<string, Client>;
  reads(): number;
}

export function userSteps({ sim }: ChaosStack, record: ClientsRecord): UserSteps {
  const unpaid = new Map<string, Client>();
  const ends = new Map<string, string>();
  let amounts = 0;
  let reads = 0;

  const pay = async (user: Client, id: string): Promise<void> => {
    const { body } = await user.transaction(id);
    const page: string | undefined = body?.checkout_url;
    if (page === undefined) throw new Error('no page yet');
    await sim('POST', 'pay', { id: page.split('/').at(-2) }).catch(refused);
    unpaid.delete(id);
  };

  /** Asks with one key, now and then twice at once, again later, and for something else; the id of what was accepted. */
  const ask = async (user: Client, dice: Dice, what: 'deposit' | 'withdrawal', cents: number) => {
    const key = randomUUID();
    const of = (amount: number) => () =>
      what === 'deposit' ? user.deposit(decimal(amount), { key }) : user.withdraw(decimal(amount), { key });
    const request = record.begin(what, String(cents));
    const twice = dice.chance(0.1) ? record.send(request, of(cents)) : undefined;
    const answer = await record.insist(request, of(cents), dice);
    await twice;
    if (dice.chance(0.15)) await record.insist(request, of(cents), dice);
    if (answer.result !== 'info' && dice.chance(0.1)) {
      const other = NEVER_THERE_FROM + ++amounts;
      await record.insist(record.begin(what, String(other)), of(other), dice);
    }
    return answer.result === 'ok' ? answer.id : undefined;
  };

  const deposit = async (user: Client, dice: Dice): Promise<void> => {
    const id = await ask(user, dice, 'deposit', SMALL_FROM + ++amounts);
    if (id === undefined) return;
    unpaid.set(id, user);
    const paid = poll(() => pay(user, id).then(() => true), { timeoutMs: PAGE_PATIENCE_MS, intervalMs: 200 });
    await paid.catch(refused);
    if (dice.chance(0.08)) await sim('POST', 'refund', { reference: id, amount: 50 }).catch(refused);
  };

  const withdraw = async (user: Client, dice: Dice, from: number): Promise<void> => {
    const id = await ask(user, dice, 'withdrawal', from + ++amounts);
    if (id !== undefined && dice.chance(0.3))
      await record.insist(record.begin('cancel', id), () => user.cancel(id), dice);
  };

  /** Days later in life: the payer's bank takes the money back, or the user's bank sends it back. */
  const comeBack = async ({ id: reference, type, status }: Shown): Promise<void> => {
    if (status !== 'completed' || type === 'reversal') return;
    await sim('POST', type === 'deposit' ? 'chargeback' : 'payout-return', { reference }).catch(refused);
  };

  /** What is listed is there, and a withdrawal that has ended stays as it is. A deposit that failed may still be paid (M7). */
  const lookAt = async (user: Client, { id }: Shown): Promise<void> => {
    const { status: answered, body } = await user.transaction(id);
    if (answered >= 500) return;
    const [before, now] = [ends.get(id), String(body.status)];
    if (answered !== 200 || (before ?? now) !== now) record.surprise(`${id}: ${answered} ${now} after ${before}`);
    if (body.type === 'withdrawal' && ['completed', 'failed', 'cancelled'].includes(now)) ends.set(id, now);
  };

  const look = async (user: Client, dice: Dice): Promise<void> => {
    reads += 1;
    const wallet = await user.call('GET', '/wallets/ZAR');
    if (wallet.status === 200 && /-/.test(`${wallet.body.available}${wallet.body.held}`)) record.surprise(wallet.text);
    const list = await user.call('GET', '/transactions?per_page=5');
    for (const shown of list.status === 200 ? (list.body.data as Shown[]) : []) {
      await lookAt(user, shown);
      if (dice.chance(0.03)) await comeBack(shown);
    }
  };

  return {
    step: (user, dice) => {
      const does = dice.number(100);
      if (does < 35) return deposit(user, dice);
      if (does < 75) return withdraw(user, dice, SMALL_FROM);
      return does < 82 ? withdraw(user, dice, NEVER_THERE_FROM) : look(user, dice);
    },
    pay,
    unpaid,
    reads: () => reads,
  };
}

type Shown = { id: string; type: string; status: string };

/** The platform does not allow it as things have come, or there is no page to pay at yet. */
const refused = () => undefined;

const decimal = (cents: number): string => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
