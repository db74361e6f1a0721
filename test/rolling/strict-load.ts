import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Client } from '../system/client.ts';
import type { Stack } from '../system/launch-stack.ts';

/** Between one user's rounds: a handful of requests each, so that some are under way at every moment of a stop. */
const betweenRoundsMs = 50;
/** Enough to see what went wrong. */
const brokenKept = 20;

export type StrictLoad = {
  /** Ends the load; what is under way ends first. */
  stop(): Promise<void>;
  answers(): number;
  /** What nobody may see: an answer of 500 and more, no answer at all, or one that such a request never has. */
  broken: string[];
  /** Every transaction that was answered with 201 or 202: from then on it must end. */
  accepted: { user: Client; id: string }[];
};

/** Each of these users deposits, pays, withdraws and looks, over and over. Nobody asks a second time: the first answer counts. */
export function startStrictLoad(stack: Stack, users: readonly Client[]): StrictLoad {
  let stopping = false;
  let answers = 0;
  const load: Pick<StrictLoad, 'broken' | 'accepted'> = { broken: [], accepted: [] };

  const ask = async (what: string, expected: readonly number[], asking: Promise<Answer>) => {
    const answer = await asking.catch((error: Error) => `${error.message} ${String(error.cause ?? '')}`);
    answers += 1;
    if (typeof answer !== 'string' && expected.includes(answer.status)) return answer;
    const how = typeof answer === 'string' ? answer : `${answer.status} ${answer.text}`;
    if (load.broken.length < brokenKept) load.broken.push(`${new Date().toISOString()} ${what}: ${how}`);
    return undefined;
  };
  const accept = (user: Client, answer: Answer | undefined): string | undefined => {
    if (answer === undefined || answer.status >= 300) return undefined;
    load.accepted.push({ user, id: answer.body.id });
    return answer.body.id;
  };

  const round = async (user: Client): Promise<void> => {
    const deposit = accept(user, await ask('deposit', [201], user.deposit('3.00')));
    if (deposit !== undefined) await stack.sim('POST', 'pay', { reference: deposit });
    accept(user, await ask('withdrawal', [202, 422], user.withdraw('2.00')));
    await ask('balance', [200], user.call('GET', '/wallets/ZAR'));
    if (deposit !== undefined) await ask('transaction', [200], user.transaction(deposit));
  };
  const running = users.map(async (user) => {
    for (; !stopping; await sleep(betweenRoundsMs)) await round(user);
  });
  return {
    ...load,
    answers: () => answers,
    stop: async () => {
      stopping = true;
      await Promise.all(running);
    },
  };
}
