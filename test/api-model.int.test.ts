import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poll } from '#libs/testing';
import { type Answer, type Client, expectStatus } from './system/client.ts';
import { type System, startSystem } from './system/start-system.ts';

/**
 * A user of the public API, the payer and the bank, in any order that fast-check thinks of, beside a model of a few lines: after every step
 * the balance and every transaction are what the model says (M1–M3 M6 M7 M9 T1 T2). `FAST_CHECK_RUNS=500` plays more than the few of `npm test`.
 */
const runs = Number(process.env['FAST_CHECK_RUNS'] ?? 3);
const stepsMax = 40;
/** Each story begins with so much in the wallet, by a deposit that was paid, so that there is something to take, return and owe. */
const fundedCents = 8_000;
/** More than this waits for an admin, who never comes: so a cancellation is in time. */
const approvalAbove = 6_000;
/** A step is settled in 50 to 800 ms; on a loaded machine in many times that. */
const settleTimeoutMs = 45_000;

const accountNumbers = { pays: '62000000001', refuses_at_once: '62000009999', refuses_later: '62000000000' };
type Bank = keyof typeof accountNumbers;

type Shown = { type: 'deposit' | 'withdrawal' | 'reversal'; status: string; cents: number };
type Model = {
  available: number;
  held: number;
  debt: number;
  deposits: (Shown & { left: number })[];
  withdrawals: Shown[];
  reversals: Shown[];
  /** How many requests were made that have a key. */
  keyed: number;
};
type Real = {
  user: Client;
  accounts: Record<Bank, string>;
  deposits: string[];
  withdrawals: string[];
  keyed: { send: (more?: number) => Promise<Answer>; first: Answer }[];
};
type Command = fc.AsyncCommand<Model, Real>;

let system: System;
beforeAll(async () => {
  system = await startSystem({
    provider: { payoutSettleMs: 20 },
    settings: {
      // On a loaded machine an answer may take its time: it must be the decision all the same, and not "asked again later".
      gateway: { UPSTREAM_TIMEOUT_MS: '28000' },
      payments: {
        WITHDRAWAL_APPROVAL_ABOVE: `ZAR:${decimal(approvalAbove)}`,
        WALLET_TIMEOUT_MS: '20000',
        REVIO_TIMEOUT_MS: '20000',
      },
      reconciler: { EARLY_READ_STEPS_MS: '300', SWEEP_INTERVAL_MS: '100' },
    },
  });
  system.simulator.control.payoutPlan({ plan: 'success' });
});
afterAll(() => system?.close());

const decimal = (cents: number): string => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
const pick = <Thing>(things: readonly Thing[], n: number): Thing => {
  const thing = things[n % things.length];
  if (thing === undefined) throw new RangeError('nothing to pick from');
  return thing;
};

/** As a client does that is told 503: the same again. */
const untilTaken = (ask: () => Promise<Answer>): Promise<Answer> =>
  poll(
    async () => {
      const answer = await ask();
      if (answer.status === 503) throw new Error(answer.text);
      return answer;
    },
    { timeoutMs: settleTimeoutMs, intervalMs: 200 },
  );

/** Whatever arrives repays first what is owed. */
function arrive(model: Model, cents: number): void {
  const repaid = Math.min(model.debt, cents);
  model.debt -= repaid;
  model.available += cents - repaid;
}

function reverse(model: Model, cents: number): void {
  const there = Math.min(model.available, cents);
  model.available -= there;
  model.debt += cents - there;
  model.reversals.push({ type: 'reversal', status: 'completed', cents });
}

const refusalOf = (model: Model, cents: number): string | null =>
  model.debt > 0 ? 'wallet_in_debt' : model.available < cents ? 'insufficient_funds' : null;

/** Waits until the API shows what the model says: the balance, and all that the user's history lists. */
async function expectSettled(model: Model, { user }: Real): Promise<void> {
  const { available, held, debt } = model;
  const expected = [...model.deposits, ...model.withdrawals, ...model.reversals].map(
    ({ type, status, cents }) => `${type} ${status} ${decimal(cents)}`,
  );
  await poll(
    async () => {
      const wallet = expectStatus(await user.call('GET', '/wallets/ZAR'), 200).body;
      expect(wallet).toMatchObject({ available: decimal(available), held: decimal(held), debt: decimal(debt) });
      const { data } = expectStatus(await user.call('GET', '/transactions?per_page=100'), 200).body;
      const shown = data.map(({ type, status, amount }: Record<string, string>) => `${type} ${status} ${amount}`);
      expect(shown.toSorted()).toEqual(expected.toSorted());
      return true;
    },
    { timeoutMs: settleTimeoutMs },
  );
}

/** One step: what it does to the model, and then, for real, the same. */
const command = (name: string, check: (model: Model) => boolean, run: Command['run']): Command => ({
  check,
  run: async (model, real) => {
    await run(model, real);
    await expectSettled(model, real);
  },
  toString: () => name,
});

const deposit = (cents: number) =>
  command(
    `deposit ${cents}`,
    () => true,
    async (model, real) => {
      const key = randomUUID();
      const send = (more = 0) => untilTaken(() => real.user.deposit(decimal(cents + more), { key }));
      const first = expectStatus(await send(), 201);
      model.deposits.push({ type: 'deposit', status: 'pending', cents, left: 0 });
      model.keyed += 1;
      real.deposits.push(first.body.id);
      real.keyed.push({ send, first });
    },
  );

const withdraw = (cents: number, bank: Bank) =>
  command(
    `withdraw ${cents}, the bank ${bank}`,
    () => true,
    async (model, real) => {
      const key = randomUUID();
      const send = (more = 0) =>
        untilTaken(() => real.user.withdraw(decimal(cents + more), { key, bankAccountId: real.accounts[bank] }));
      const refusal = refusalOf(model, cents);
      const first = expectStatus(await send(), refusal === null ? 202 : 422);
      expect(first.body.code ?? null).toBe(refusal);
      const waits = refusal === null && cents > approvalAbove;
      const isPaid = refusal === null && !waits && bank === 'pays';
      const status = waits ? 'pending' : isPaid ? 'completed' : 'failed';
      if (waits || isPaid) model.available -= cents;
      if (waits) model.held += cents;
      model.withdrawals.push({ type: 'withdrawal', status, cents });
      model.keyed += 1;
      real.withdrawals.push(first.body.id ?? first.body.transaction_id);
      real.keyed.push({ send, first });
    },
  );

/** Something that happens to a deposit, where one is in such a state. */
const toDeposit = (
  name: string,
  n: number,
  isSo: (each: Model['deposits'][number]) => boolean,
  act: (it: Model['deposits'][number], model: Model, reference: string) => void,
) =>
  command(
    `${name} ${n}`,
    ({ deposits }) => deposits.some(isSo),
    async (model, real) => {
      const it = pick(model.deposits.filter(isSo), n);
      act(it, model, pick(real.deposits, model.deposits.indexOf(it)));
    },
  );

const isOpen = ({ status }: Shown): boolean => ['pending', 'failed'].includes(status);
const pay = (n: number) =>
  toDeposit('pay', n, isOpen, (it, model, reference) => {
    system.simulator.control.pay({ reference });
    Object.assign(it, { status: 'completed', left: it.cents });
    arrive(model, it.cents);
  });
const decline = (n: number) =>
  toDeposit(
    'decline',
    n,
    ({ status }) => status === 'pending',
    (it, _, reference) => {
      system.simulator.control.decline({ reference });
      it.status = 'failed';
    },
  );
const refund = (n: number, cents: number) =>
  toDeposit(
    `refund ${cents} of`,
    n,
    ({ left }) => left >= cents,
    (it, model, reference) => {
      system.simulator.control.refund({ reference, amount: cents });
      it.left -= cents;
      reverse(model, cents);
    },
  );
const chargeback = (n: number) =>
  toDeposit(
    'charge back',
    n,
    ({ left }) => left > 0,
    (it, model, reference) => {
      system.simulator.control.chargeback({ reference });
      reverse(model, it.left);
      it.left = 0;
    },
  );

const cancel = (n: number) =>
  command(
    `cancel ${n}`,
    ({ withdrawals }) => withdrawals.length > 0,
    async (model, real) => {
      const it = pick(model.withdrawals, n);
      const answer = await untilTaken(() => real.user.cancel(pick(real.withdrawals, n)));
      expect(answer.body.code ?? null).toBe(isCancellable(it) ? null : 'not_cancellable');
      if (it.status !== 'pending') return; // a repeat, or too late
      it.status = 'cancelled';
      model.held -= it.cents;
      arrive(model, it.cents);
    },
  );
const isCancellable = ({ status }: Shown): boolean => ['pending', 'cancelled'].includes(status);

const returnPayout = (n: number) =>
  command(
    `the bank returns ${n}`,
    ({ withdrawals }) => withdrawals.some(({ status }) => status === 'completed'),
    async (model, real) => {
      const it = pick(
        model.withdrawals.filter(({ status }) => status === 'completed'),
        n,
      );
      const reference = pick(real.withdrawals, model.withdrawals.indexOf(it));
      const [payout] = system.simulator
        .truth()
        .filter((row) => row.reference === reference && row.status === 'success');
      if (payout === undefined) return; // it came back before
      system.simulator.control.payoutReturn({ reference });
      model.reversals.push({ type: 'reversal', status: 'completed', cents: it.cents });
      arrive(model, it.cents);
    },
  );

const repeat = (n: number) =>
  command(
    `repeat ${n}`,
    ({ keyed }) => keyed > 0,
    async (_, { keyed }) => {
      const { send, first } = pick(keyed, n);
      const again = await send();
      expect([again.status, again.text]).toEqual([first.status, first.text]);
    },
  );

const changed = (n: number) =>
  command(
    `the key of ${n}, another body`,
    ({ keyed }) => keyed > 0,
    async (_, { keyed }) => {
      const { body } = expectStatus(await pick(keyed, n).send(1), 422);
      expect(body.code).toBe('idempotency_key_reused');
    },
  );

const readOne = (n: number) =>
  command(
    `read ${n}`,
    ({ withdrawals }) => withdrawals.length > 0,
    async ({ withdrawals }, real) => {
      const { body } = await untilTaken(() => real.user.transaction(pick(real.withdrawals, n)));
      const { status, cents } = pick(withdrawals, n);
      expect(body).toMatchObject({ status, amount: decimal(cents) });
      expect(body.timeline.at(-1).status).toBe(status);
    },
  );

const amounts = fc.constantFrom(1_000, 2_500, 7_000);
const which = fc.nat(9);
const commands = fc.commands(
  [
    amounts.map(deposit),
    which.map(pay),
    which.map(pay),
    which.map(decline),
    fc
      .tuple(amounts, fc.constantFrom<Bank>('pays', 'pays', 'refuses_at_once', 'refuses_later'))
      .map((of) => withdraw(...of)),
    amounts.map((cents) => withdraw(cents, 'pays')),
    fc.constant(withdraw(1_000_000, 'pays')),
    which.map(cancel),
    fc.tuple(which, fc.constantFrom(700, 2_500)).map((of) => refund(...of)),
    which.map(chargeback),
    which.map(returnPayout),
    which.map(repeat),
    which.map(changed),
    which.map(readOne),
  ],
  { maxCommands: stepsMax, size: 'max' },
);

async function newUser(): Promise<Real> {
  const user = await poll(() => system.signUp({ accountNumber: accountNumbers.pays }), { timeoutMs: settleTimeoutMs });
  const key = randomUUID();
  const first = expectStatus(await untilTaken(() => user.deposit(decimal(fundedCents), { key })), 201).body.id;
  system.simulator.control.pay({ reference: first });
  const add = async (account_number: string): Promise<string> => {
    const account = { bank_code: '250655', account_number, account_holder: 'T MOKOENA' };
    return expectStatus(await untilTaken(() => user.call('POST', '/bank-accounts', account)), 201).body.id;
  };
  const accounts = {
    pays: user.bankAccountId,
    refuses_at_once: await add(accountNumbers.refuses_at_once),
    refuses_later: await add(accountNumbers.refuses_later),
  };
  return { user, accounts, deposits: [first], withdrawals: [], keyed: [] };
}

const newModel = (): Model => ({
  available: fundedCents,
  held: 0,
  debt: 0,
  keyed: 0,
  deposits: [{ type: 'deposit', status: 'completed', cents: fundedCents, left: fundedCents }],
  withdrawals: [],
  reversals: [],
});

test(
  'M1 M2 M3 M6 M7 M9 T1: whatever a user, a payer and a bank do, balance and history are those of the model',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.noBias(commands), async (steps) => {
        const real = await newUser();
        await expectSettled(newModel(), real);
        await fc.asyncModelRun(() => ({ model: newModel(), real }), steps);
      }),
      // A smaller story takes as long to fail as the whole one.
      { numRuns: runs, endOnFailure: true },
    );
    // What waits for an admin never ends; the last messages, of what the reconciler has seen, may still be leaving.
    await poll(
      async () => {
        const found = await system.violations({ atRest: true });
        expect(found.filter(({ rule }) => !/is terminal|hold has ended/.test(rule))).toEqual([]);
        return true;
      },
      { timeoutMs: settleTimeoutMs },
    );
  },
  60_000 + runs * 60_000,
);
