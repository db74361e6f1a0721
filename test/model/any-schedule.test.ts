import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expectSound } from '../../services/wallet/test/expect-sound.ts';
import { type MemorySystem, memorySystem, type Parcel } from './memory-system.ts';

/**
 * One user, a few deposits and withdrawals, and a schedule that decides everything else: what the payer and the bank do and when, which
 * message arrives next, which comes twice, which answers are lost, which webhooks never come. Whatever it was, the books end as Revio's
 * truth, and where a refund's only word was lost, a case names its amount (M1–M7 R1 R2 F3 F7 F8).
 */
const amounts = [1_000n, 2_500n, 4_000n] as const;
const nth = fc.nat(5);

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ does: fc.constant('deposit' as const), n: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('pay' as const), n: nth }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constantFrom('decline' as const, 'expire' as const), n: nth }) },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constantFrom('refund' as const, 'refund' as const, 'chargeback' as const),
      n: nth,
    }),
  },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('withdraw' as const), n: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('cancel' as const), n: nth }) },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constantFrom('payout succeeds' as const, 'payout fails' as const), n: nth }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('payout returns' as const), n: nth }) },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant('lose answer' as const), n: fc.nat(2) }),
  },
  { weight: 6, arbitrary: fc.record({ does: fc.constant('deliver' as const), n: fc.nat(40) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('deliver twice' as const), n: fc.nat(40) }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('work' as const), n: fc.constant(0) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('sweep' as const), n: fc.constant(0) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('catch up' as const), n: fc.constant(0) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('pass' as const), n: fc.nat(400) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
type Webhooks = 'all' | 'some' | 'none';

interface Run {
  system: MemorySystem;
  deposits: string[];
  withdrawals: string[];
  pending: Parcel[];
  /** A webhook comes only if the next of these says so. */
  luck: Iterator<number>;
  webhooks: Webhooks;
}

const at = <Item>(items: readonly Item[], n: number): Item | undefined => items[n % Math.max(1, items.length)];

function gather({ system, pending, luck, webhooks }: Run): void {
  pending.push(...system.collect());
  for (const parcel of system.collectWebhooks())
    if (webhooks === 'all' || (webhooks === 'some' && Number(luck.next().value) % 2 === 0)) pending.push(parcel);
}

async function take(run: Run, { does, n }: Step): Promise<void> {
  const { system, pending } = run;
  const { revio } = system;
  const purchase = async () => revio.purchases().find((one) => one.reference === at(run.deposits, n));
  const payout = () => revio.payouts().findLast((one) => one.reference === at(run.withdrawals, n));
  const payoutFrom = (status: string, to: string): void => {
    const found = payout();
    if (found?.status === status) revio.change(found.object_id, to);
  };
  switch (does) {
    case 'deposit':
      if (run.deposits.length < 4) run.deposits.push(await system.deposit(amounts[n] ?? 0n));
      break;
    case 'withdraw': {
      if (run.withdrawals.length >= 4) break;
      const id = await system.withdraw(amounts[n] ?? 0n);
      if (id !== null) run.withdrawals.push(id);
      break;
    }
    case 'pay':
    case 'decline':
    case 'expire': {
      const id = (await system.transaction(at(run.deposits, n) ?? ''))?.purchaseId;
      const found = revio.purchases().find(({ object_id }) => object_id === id);
      if (!found || !['created', 'error', 'expired'].includes(found.status)) break;
      revio.change(found.object_id, { pay: 'paid', decline: 'error', expire: 'expired' }[does]);
      break;
    }
    case 'refund':
    case 'chargeback': {
      const found = await purchase();
      const left = found === undefined ? 0n : BigInt(found.total_minor) - revio.wentBack(found.object_id);
      if (found && left > 0n && ['paid', 'refunded'].includes(found.status))
        revio.refund(found.object_id, does === 'refund' ? left / 2n + 1n : left, does);
      break;
    }
    case 'cancel':
      await system.cancel(at(run.withdrawals, n) ?? '');
      break;
    case 'payout succeeds':
      payoutFrom('pending', 'success');
      break;
    case 'payout fails':
      payoutFrom('pending', 'error');
      break;
    case 'payout returns':
      payoutFrom('success', 'error');
      break;
    case 'lose answer':
      revio.loseAnswer((['createPurchase', 'createPayout', 'executePayout'] as const)[n] ?? 'executePayout');
      break;
    case 'deliver':
    case 'deliver twice': {
      const [parcel] = pending.splice(n % Math.max(1, pending.length), 1);
      if (parcel === undefined) break;
      await system.deliver(parcel);
      if (does === 'deliver twice') pending.push(parcel);
      break;
    }
    case 'work':
      await system.work();
      break;
    case 'sweep':
      await system.sweep();
      break;
    case 'catch up':
      await system.work();
      await deliverAll(run);
      break;
    case 'pass':
      system.pass(n * 1_000);
      break;
  }
}

async function deliverAll(run: Run): Promise<void> {
  const { system, pending, luck } = run;
  for (gather(run); pending.length > 0; gather(run)) {
    const [parcel] = pending.splice(Number(luck.next().value) % pending.length, 1);
    if (parcel) await system.deliver(parcel);
  }
}

/** There is something to withdraw from the start: a deposit that was paid and, whatever comes of webhooks, read. */
async function fund(run: Run): Promise<void> {
  const { system } = run;
  run.deposits.push(await system.deposit(10_000n));
  for (const { object_id } of system.revio.purchases()) system.revio.change(object_id, 'paid');
  await deliverAll(run);
  system.pass(3_601_000);
  while ((await system.sweep()) > 0);
  await deliverAll(run);
}

/** Everything on its way arrives, in an order of chance; the banks decide; the schedule of reads runs its months. */
async function settle(run: Run): Promise<void> {
  const { system } = run;
  for (let round = 0; round < 60; round++) {
    await system.work();
    await deliverAll(run);
    for (const { object_id, status } of system.revio.payouts())
      if (status === 'pending') system.revio.change(object_id, 'success');
      else if (status === 'success' && round === 10 && Number(run.luck.next().value) % 3 === 0)
        system.revio.change(object_id, 'error');
    for (const { object_id, status } of system.revio.purchases())
      if (round > 20 && (status === 'created' || status === 'error')) system.revio.change(object_id, 'expired');
    while ((await system.sweep()) > 0);
    system.pass(round < 40 ? 121_000 : 86_400_000);
  }
}

const total = (rows: readonly { amountMinor: bigint }[]): bigint =>
  rows.reduce((sum, row) => sum + row.amountMinor, 0n);

/** A refund whose word was lost, one of money that was spent, and a deposit that Revio was late to be told of. */
const explained = new Set(['reversal_without_payment', 'user_in_debt', 'no_provider_object']);

/** What all runs together have done: schedules in which nothing happens would prove nothing. */
const done = new Map<string, number>();

async function expectTruth({ system, deposits, withdrawals }: Run): Promise<void> {
  const { postings, wallets } = system.books();
  const cases = system.cases();
  const posted = (id: string, kind: string) => postings.filter((p) => p.transactionId === id && p.kind === kind);
  for (const id of deposits) {
    const bought = system.revio.purchases().filter(({ reference }) => reference === id);
    const paid = bought.filter(({ status_history: history }) => history.includes('paid'));
    const cameIn = total(paid.map((p) => ({ amountMinor: BigInt(p.total_minor) })));
    const back = bought.reduce((sum, { object_id }) => sum + system.revio.wentBack(object_id), 0n);
    const named = (minor: bigint) => cases.some((c) => c.transactionId === id && c.about.endsWith(`:${minor}`));
    const credited = total(posted(id, 'credit'));
    const missing = back - total(posted(id, 'reversal'));
    // Seen only when it had gone back, and the Payment that tells of it never came: it is not credited, and people are told of both.
    if (credited === 0n && back > 0n) expect(named(back), `${back} came and went unseen`).toBe(true);
    else {
      expect(credited, 'credited').toBe(cameIn);
      expect(missing === 0n || named(missing), `${missing} went back unseen`).toBe(true);
    }
  }
  for (const id of withdrawals) {
    const made = system.revio.payouts().filter((one) => one.reference === id && one.status !== 'initialized');
    expect(made.length, 'one payout').toBeLessThanOrEqual(1);
    const ends = posted(id, 'settlement').map(({ settlement }) => settlement);
    expect(ends).toHaveLength(posted(id, 'hold').length);
    const isGone = ends[0] === 'post' && posted(id, 'payout-return').length === 0;
    expect(isGone, 'gone').toBe(made[0]?.status === 'success');
    expect((await system.transaction(id))?.status).toMatch(/completed|failed|cancelled/);
  }
  for (const { heldMinor } of wallets) expect(heldMinor).toBe(0n);
  expect(cases.filter(({ cause }) => !explained.has(cause))).toEqual([]);
  expectSound(system.books());
  for (const { kind, settlement } of postings) done.set(settlement ?? kind, (done.get(settlement ?? kind) ?? 0) + 1);
  for (const { cause } of cases) done.set(cause, (done.get(cause) ?? 0) + 1);
}

test.each(['all', 'some', 'none'] as const)(
  'any schedule ends in the books of Revio’s truth; webhooks that come: %s',
  async (webhooks) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 10, maxLength: 60 }),
        fc.infiniteStream(fc.nat()),
        async (steps, luck) => {
          const system = await memorySystem();
          const run: Run = { system, deposits: [], withdrawals: [], pending: [], luck, webhooks };
          await fund(run);
          for (const each of steps) {
            await take(run, each);
            gather(run);
          }
          await settle(run);
          await expectTruth(run);
        },
      ),
      { numRuns: 100 },
    );
  },
  120_000,
);

test('the schedules have done everything that can be done', () => {
  const kinds = ['credit', 'reversal', 'hold', 'post', 'void', 'payout-return', 'reversal_without_payment'];
  expect([...done.keys()]).toEqual(expect.arrayContaining(kinds));
});
