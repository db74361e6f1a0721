import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../system/client.ts';
import type { Stack } from '../system/launch-stack.ts';

/** What ordinary users do, and how often of a hundred. */
const shares = { deposit: 40, withdraw: 25, cancel: 15, refund: 10, fail: 10 } as const;
type Flow = keyof typeof shares;

/** Of each kind: each has several flows at once, so that wallets are busy too. The short run among the tests makes do with fewer. */
const usersOf = (minutes: number): number => (minutes < 1 ? 2 : 8);
/** More under way than this means that the system does not follow: then no more is asked for, so that a queue is not the load. */
const underWayMax = 150;
/** Failed payouts are read again when the webhook says nothing new, a minute later at the earliest. */
const endTimeoutMs = 180_000;
const lookEveryMs = 500;

export type Driven = {
  began: Record<Flow, number>;
  ended: Record<string, number>;
  /** Ticks at which too much was under way. */
  skipped: number;
  /** What a flow did not expect, at most ten of them. */
  surprises: string[];
};

type Users = { spenders: Client[]; refunded: Client[]; unlucky: Client[] };

/** Asks for `perSecond` flows each second for so long, and waits until all have ended. */
export async function driveLoad(
  stack: Stack,
  { minutes, perSecond }: { minutes: number; perSecond: number },
): Promise<Driven> {
  const driven: Driven = {
    began: { deposit: 0, withdraw: 0, cancel: 0, refund: 0, fail: 0 },
    ended: {},
    skipped: 0,
    surprises: [],
  };
  const users = await makeUsers(stack, usersOf(minutes));
  const underWay = new Set<Promise<void>>();
  const wheel = Object.entries(shares).flatMap(([flow, share]) => Array.from({ length: share }, () => flow as Flow));
  const until = Date.now() + minutes * 60_000;
  for (let n = 0; Date.now() < until; n++, await sleep(1_000 / perSecond)) {
    if (underWay.size >= underWayMax) {
      driven.skipped += 1;
      continue;
    }
    // A step that has no common factor with a hundred: every flow has its share of any stretch.
    const flow = wheel[(n * 37) % wheel.length] ?? 'deposit';
    driven.began[flow] += 1;
    const going = run(stack, users, flow, n)
      .then((end) => {
        driven.ended[`${flow} ${end}`] = (driven.ended[`${flow} ${end}`] ?? 0) + 1;
      })
      .catch((error: unknown) => {
        if (driven.surprises.length < 10) driven.surprises.push(`${flow}: ${(error as Error).message}`);
      })
      .finally(() => underWay.delete(going));
    underWay.add(going);
  }
  await Promise.all(underWay);
  return driven;
}

async function makeUsers(stack: Stack, count: number): Promise<Users> {
  const make = async (many: number, options = {}): Promise<Client[]> => {
    const made: Client[] = [];
    for (let n = 0; n < many; n++) made.push(await stack.funded('500.00', options));
    return made;
  };
  const banks = [{ accountNumber: '62000000000' }, { accountNumber: '62000009999' }];
  const unlucky = [...(await make(count / 2, banks[0])), ...(await make(count / 2, banks[1]))];
  return { spenders: await make(count), refunded: await make(count), unlucky };
}

const pick = <Thing>(things: readonly Thing[], n: number): Thing => {
  const thing = things[n % things.length];
  if (thing === undefined) throw new RangeError('nobody is there');
  return thing;
};
const amountOf = (n: number): string => `${1 + (n % 9)}.${String(10 + (n % 89))}`;

/** One flow from its request to its end; the word for that. */
async function run(stack: Stack, { spenders, refunded, unlucky }: Users, flow: Flow, n: number): Promise<string> {
  switch (flow) {
    case 'deposit':
      return (await paidDeposit(stack, pick(spenders, n), amountOf(n))).status;
    case 'refund': {
      const user = pick(refunded, n); // Who withdraws nothing never owes anything.
      const { id } = await paidDeposit(stack, user, amountOf(n));
      await stack.sim('POST', 'refund', { reference: id });
      return 'refunded';
    }
    case 'withdraw':
      return withdraw(pick(spenders, n), amountOf(n));
    case 'fail':
      return withdraw(pick(unlucky, n), amountOf(n));
    case 'cancel': {
      const user = pick(spenders, n);
      const { status, body } = await user.withdraw(amountOf(n));
      if (status !== 202) return `refused ${body.code}`;
      const cancelled = await user.cancel(body.id);
      const end = await untilEnded(user, body.id);
      return `${cancelled.status === 200 || cancelled.status === 202 ? 'in time' : 'too late'}, ${end}`;
    }
  }
}

async function paidDeposit(stack: Stack, user: Client, amount: string): Promise<{ id: string; status: string }> {
  const { status, body } = await user.deposit(amount);
  if (status !== 201) throw new Error(`a deposit was answered ${status} ${body?.code}`);
  await stack.sim('POST', 'pay', { reference: body.id });
  return { id: body.id, status: await untilEnded(user, body.id) };
}

async function withdraw(user: Client, amount: string): Promise<string> {
  const { status, body } = await user.withdraw(amount);
  if (status === 422) return `refused ${body.code}`;
  if (status !== 202) throw new Error(`a withdrawal was answered ${status} ${body?.code}`);
  return untilEnded(user, body.id);
}

async function untilEnded(user: Client, id: string): Promise<string> {
  for (const deadline = Date.now() + endTimeoutMs; Date.now() < deadline; await sleep(lookEveryMs)) {
    const { body } = await user.transaction(id);
    if (!['pending', 'processing'].includes(body.status)) return body.status;
  }
  throw new Error(`${id} did not end within ${endTimeoutMs / 1000} s`);
}
