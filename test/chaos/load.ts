import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { poll } from '#libs/testing';
import { type Dice, diceOf } from '../scenarios/dice.ts';
import type { Client, Answer as Received } from '../system/client.ts';
import type { ChaosStack } from './chaos-stack.ts';
import type { Answer, Request } from './history.ts';

/** Some ten requests a second: all of them are looked at again and again by the oracle, on a machine that runs everything else as well. */
const BETWEEN_MAX_MS = 400;
/** More than an hour of that; then the users rest. */
const REQUESTS_MAX = 20_000;
/** A restart of a server is over by then, and so is the next one. Who has no answer by then goes away, and never learns. */
const PATIENCE_MS = 90_000;
/** The payer looks for the page for so long; later `payWhatIsLeft` does. */
const PAGE_PATIENCE_MS = 5_000;
/** Cents. No two requests of one kind are of the same amount, so that each row of the books belongs to one of them. */
const SMALL_FROM = 100;
const NEVER_THERE_FROM = 900_000_000;

export interface Load {
  requests: Request[];
  /** What no client may see: an answer that is not as described, or a balance below zero. At most twenty. */
  surprises: string[];
  reads: () => number;
  /** Ends the load; what is under way ends first. */
  stop(): Promise<void>;
  /** The payers of deposits that are still open come back. */
  payWhatIsLeft(): Promise<void>;
}

/** Each user deposits, pays, withdraws, cancels, repeats and looks, as the seed's dice say, until told to stop. */
export function startLoad(stack: ChaosStack, users: readonly Client[], seed: number): Load {
  const requests: Request[] = [];
  const surprises: string[] = [];
  const unpaid = new Map<string, Client>();
  const ends = new Map<string, string>();
  let stopping = false;
  let amounts = 0;
  let reads = 0;

  const surprise = (text: string) => surprises.length < 20 && surprises.push(`${new Date().toISOString()} ${text}`);
  const newRequest = (what: Request['what'], subject: string): Request => {
    const request: Request = { what, subject, answers: [] };
    requests.push(request);
    return request;
  };
  const send = async (request: Request, ask: () => Promise<Received>): Promise<Answer> => {
    const answer = await ask().then(answerOf, (error: Error): Answer => {
      if (error.message.startsWith('not as described')) surprise(`${request.what}: ${error.message}`);
      return { result: 'info', why: error.name };
    });
    request.answers.push(answer);
    return answer;
  };
  /** The same again until it is answered. */
  const insist = async (request: Request, ask: () => Promise<Received>, dice: Dice): Promise<Answer> => {
    for (const deadline = Date.now() + PATIENCE_MS; ; await sleep(100 + dice.number(900))) {
      const answer = await send(request, ask);
      if (answer.result !== 'info' || Date.now() > deadline) return answer;
    }
  };

  const pay = async (user: Client, id: string): Promise<void> => {
    const { body } = await user.transaction(id);
    const page: string | undefined = body?.checkout_url;
    if (page === undefined) throw new Error('no page yet');
    await stack.sim('POST', 'pay', { id: page.split('/').at(-2) }).catch(refused);
    unpaid.delete(id);
  };

  const move = async (user: Client, dice: Dice, what: 'deposit' | 'withdrawal', cents: number): Promise<void> => {
    const key = randomUUID();
    const of = (amount: number) => () =>
      what === 'deposit' ? user.deposit(decimal(amount), { key }) : user.withdraw(decimal(amount), { key });
    const request = newRequest(what, String(cents));
    const twice = dice.chance(0.1) ? send(request, of(cents)) : undefined; // the user clicked twice
    const answer = await insist(request, of(cents), dice);
    await twice;
    if (answer.result === 'ok' && what === 'deposit') unpaid.set(answer.id, user);
    if (dice.chance(0.15)) await insist(request, of(cents), dice);
    if (answer.result !== 'info' && dice.chance(0.1)) {
      const other = NEVER_THERE_FROM + ++amounts;
      await insist(newRequest(what, String(other)), of(other), dice);
    }
    if (answer.result !== 'ok') return;
    if (what === 'withdrawal') {
      if (dice.chance(0.3)) await insist(newRequest('cancel', answer.id), () => user.cancel(answer.id), dice);
      return;
    }
    await poll(() => pay(user, answer.id).then(() => true), { timeoutMs: PAGE_PATIENCE_MS, intervalMs: 200 }).catch(
      noted,
    );
    if (dice.chance(0.08)) await stack.sim('POST', 'refund', { reference: answer.id, amount: 50 }).catch(refused);
  };
  /** What is listed is there, and a withdrawal that has ended stays as it is. A deposit that failed may still be paid (M7). */
  const noteEnd = ({ id }: { id: string }, status: number, { type, status: seen }: Record<string, string>): void => {
    const before = ends.get(id);
    if (status !== 200 || (before !== undefined && before !== seen))
      surprise(`${id}: ${status} ${seen} after ${before}`);
    if (type === 'withdrawal' && ['completed', 'failed', 'cancelled'].includes(seen ?? '')) ends.set(id, seen ?? '');
  };
  /** Days later in life: the payer's bank takes the money back, or the user's bank sends it back. */
  const comesBack = async ({ id: reference, type, status }: Record<string, string>): Promise<void> => {
    if (status !== 'completed' || type === 'reversal') return;
    await stack.sim('POST', type === 'deposit' ? 'chargeback' : 'payout-return', { reference }).catch(refused);
  };

  const look = async (user: Client, dice: Dice): Promise<void> => {
    reads += 1;
    const [wallet, list] = [await user.call('GET', '/wallets/ZAR'), await user.call('GET', '/transactions?per_page=5')];
    if (wallet.status === 200 && /-/.test(`${wallet.body.available}${wallet.body.held}`)) surprise(wallet.text);
    for (const shown of list.status === 200 ? list.body.data : []) {
      const { status, body } = await user.transaction(shown.id);
      if (status < 500) noteEnd(shown, status, body);
      if (dice.chance(0.03)) await comesBack(shown);
    }
  };

  const step = async (user: Client, dice: Dice): Promise<void> => {
    const does = dice.number(100);
    if (does < 35) await move(user, dice, 'deposit', SMALL_FROM + ++amounts);
    else if (does < 75) await move(user, dice, 'withdrawal', SMALL_FROM + ++amounts);
    else if (does < 82) await move(user, dice, 'withdrawal', NEVER_THERE_FROM + ++amounts);
    else await look(user, dice);
  };

  const running = users.map(async (user, n) => {
    const dice = diceOf(seed * 1_000 + n);
    for (; !stopping && requests.length < REQUESTS_MAX; await sleep(dice.number(BETWEEN_MAX_MS))) {
      await step(user, dice).catch((error: Error) => {
        if (error.message.startsWith('not as described')) surprise(error.message);
      });
    }
  });
  return {
    requests,
    surprises,
    reads: () => reads,
    stop: async () => {
      stopping = true;
      await Promise.all(running);
    },
    payWhatIsLeft: async () => {
      for (const [id, user] of unpaid) await pay(user, id).catch(noted);
    },
  };
}

/** 409 `request_in_progress` and 429 decide nothing, no more than 5xx does. */
function answerOf({ status, body }: Received): Answer {
  const why = `${status} ${body?.code ?? ''}`;
  if (status < 300) return { result: 'ok', id: body.id };
  const isUndecided = status >= 500 || status === 429 || body?.code === 'request_in_progress';
  return isUndecided ? { result: 'info', why } : { result: 'fail', code: why };
}

/** The platform does not allow it as things have come, or cannot be asked. */
const refused = () => undefined;
/** There is no page, or nobody to ask for it: the payer comes back when everything has healed. */
const noted = () => undefined;

const decimal = (cents: number): string => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
